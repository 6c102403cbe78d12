"""Templates as the platform hands them out, and its rules for their fields.

Ids, keyword numbers and the order of keywords depend on the account's seed, because in the real world
no two accounts have the same ones. Types and lengths: WeChat's parameter table of template messages
(模板消息参数值内容限制) and of subscribe messages (订阅消息参数值内容限制).
"""

import base64
import hashlib
import re
from typing import Literal

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.records import Json, Template, TemplateField

Keywords = tuple[tuple[str, str], ...]
Library = tuple[tuple[str, Keywords], ...]

TEMPLATE_LIBRARY: Library = (
    (
        "工单待处理提醒",
        (
            ("工单编号", "character_string"),
            ("所属村社", "thing"),
            ("工单类型", "thing"),
            ("提交时间", "time"),
            ("办理期限", "time"),
        ),
    ),
    ("工单处理进度通知", (("工单编号", "character_string"), ("处理进度", "thing"), ("更新时间", "time"))),
    (
        "工单超时提醒",
        (
            ("工单编号", "character_string"),
            ("所属村社", "thing"),
            ("超时情况", "thing"),
            ("办理期限", "time"),
        ),
    ),
    (
        "风险预警通知",
        (("预警名称", "thing"), ("所属村社", "thing"), ("预警等级", "thing"), ("预警时间", "time")),
    ),
    (
        "预警汇总通知",
        (("预警数量", "thing"), ("所属村社", "thing"), ("预警等级", "thing"), ("预警时间", "time")),
    ),
    ("审核任务提醒", (("任务名称", "thing"), ("所属村社", "thing"), ("提交时间", "time"))),
    ("待办任务提醒", (("任务名称", "thing"), ("所属村社", "thing"), ("截止时间", "time"))),
    ("信息公开提醒", (("公开事项", "thing"), ("所属村社", "thing"), ("发布时间", "time"))),
)
SUBSCRIBE_LIBRARY: Library = (
    ("工单进度提醒", (("工单编号", "character_string"), ("当前进度", "thing"), ("更新时间", "time"))),
    ("信息公开提醒", (("公开事项", "thing"), ("所属村社", "thing"), ("发布时间", "time"))),
)
EXAMPLES = {"thing": "益农镇东联村", "character_string": "TS20260001", "time": "2026年9月21日 15:00"}

CLOCK_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
MONTH, DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
DATE = rf"\d{{4}}(?:年{MONTH}月{DAY}日|([-/.]){MONTH}\1{DAY})"
TIME_POINT = re.compile(rf"(?:{DATE}\s?)?{CLOCK_TIME}")
DATE_POINT = re.compile(rf"{DATE}(?:\s?{CLOCK_TIME})?")
FORMS = {
    "number": re.compile(r"-?\d[\d.]{0,31}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "amount": re.compile(r"[¥￥$€£]?-?\d[\d,]{0,9}(?:\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+\-() ]{1,17}"),
    "car_number": re.compile(r"[一-龥]?[A-Z0-9]{1,7}[一-龥]?"),
    "name": re.compile(r"(?:[^\x00-\x7f\d]{1,10}|[A-Za-z .]{1,20}|(?=.*[^\x00-\x7f])\D{1,10})"),
    "phrase": re.compile(r"[一-龥]{1,5}"),
}


def _order(seed: str, labels: Keywords) -> list[tuple[str, str]]:
    return sorted(labels, key=lambda pair: hashlib.sha256(f"{seed}:{pair[0]}".encode()).digest())


def _numbers(seed: str, count: int) -> list[int]:
    start = int.from_bytes(hashlib.sha256(f"{seed}:numbers".encode()).digest()[:4], "big")
    return [1 + (start + 7 * index) % 30 for index in range(count)]


def build(app_id: str, seed: int, title: str, keywords: Keywords, kind: Literal[0, 2, 3] = 0) -> Template:
    """One template of an account: the same input always gives the same ids."""
    name = f"{app_id}:{seed}:{kind}:{title}"
    ordered = _order(name, keywords)
    numbers = _numbers(name, len(ordered))
    fields = [
        TemplateField(label=label, key=f"{type_}{number}")
        for (label, type_), number in zip(ordered, numbers, strict=True)
    ]
    template_id = base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode().rstrip("=")
    return Template(template_id=template_id, title=title, fields=fields, type=kind)


def example(template: Template) -> str:
    """The `example` text of a template."""
    return "\n".join(f"{field.label}:{EXAMPLES.get(field.type, '示例')}" for field in template.fields)


def _points(value: str, form: re.Pattern[str]) -> bool:
    parts = value.split("~")
    return len(parts) <= 2 and all(form.fullmatch(part.strip()) for part in parts)


def acceptable(type_: str, value: str) -> bool:
    """Whether the platform takes this value for a field of this type."""
    if any(ord(char) < 32 for char in value):
        return False
    if type_ in {"thing", "const"}:
        return len(value) <= 20
    if type_ == "time":
        return _points(value, TIME_POINT)
    if type_ == "date":
        return _points(value, DATE_POINT)
    form = FORMS.get(type_)
    return form is None or form.fullmatch(value) is not None


def check_data(template: Template, data: object, *, cut_lines: bool) -> list[dict[str, str]]:
    """The fields as they will be shown, in the template's order. Other keys (`first`, `remark`) are dropped.

    Args:
        cut_lines: template messages lose what follows a line break; subscribe messages refuse it.

    Raises:
        PlatformError: 47003 naming the field that is missing, empty or of the wrong form.
    """
    if not isinstance(data, dict):
        raise PlatformError(47003, "argument invalid! data is empty")
    shown = []
    for field in template.fields:
        value = _value(field.key, data)
        if cut_lines:
            value = re.split(r"[\r\n]", value, maxsplit=1)[0]
        if not value.strip():
            raise PlatformError(47003, f"argument invalid! data.{field.key}.value is empty")
        if not acceptable(field.type, value):
            raise PlatformError(47003, f"argument invalid! data.{field.key}.value invalid")
        shown.append({"key": field.key, "label": field.label, "value": value})
    return shown


def _value(key: str, data: Json) -> str:
    item = data.get(key)
    value = item.get("value") if isinstance(item, dict) else None
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PlatformError(47003, f"argument invalid! data.{key}.value invalid")
    return str(value)
