"""Settings that the county changes while the system runs, and who changed them why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import Field, JsonValue

from app.api.common import Signed, page, problems, router
from app.api.schemas import Body, Out, Paragraph
from app.models import SettingHistory
from app.services import county_settings as service
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("设置")

SettingKey = Annotated[
    str, Path(pattern=r"^[a-z_.]{1,60}$", description="设置的名称", examples=["arrears.notice_days"])
]


class SettingOut(Out):
    """A setting with its value, its default and its JSON Schema."""

    key: str = Field(examples=["arrears.notice_days"])
    words: str = Field(description="这项设置管什么", examples=["公示前至少提前多少天告知欠缴人"])
    unit: str = Field(description="单位", examples=["天"])
    source: str = Field(description="默认值的依据")
    value: JsonValue
    default: JsonValue
    changed: bool = Field(description="区县是否改过；没改过的用默认值")
    value_schema: dict[str, JsonValue] = Field(description="值的 JSON Schema：类型、范围")


class SettingChange(Body):
    """A new value, and why."""

    value: JsonValue = Field(examples=[10])
    reason: Paragraph = Field(description="修改的原因，留存", examples=["按区纪委 2026 年专项部署调整。"])


class SettingChangeOut(Out):
    """One change: the values before and after it."""

    at: datetime
    actor_kind: str
    actor_id: str | None
    reason: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


@api.get("/county-settings")
def list_county_settings(acting: Signed, session: ReadSession) -> list[SettingOut]:
    """全部区县设置：现值、默认值、依据。"""
    return [_out(one) for one in service.listing(session, acting=acting)]


@api.get("/county-settings/{setting}", responses=problems(403, 404, 422))
def get_county_setting(setting: SettingKey, _acting: Signed, session: ReadSession) -> SettingOut:
    """一项设置。"""
    return _out(service.shown(session, setting))


@api.put("/county-settings/{setting}", responses=problems(400, 403, 404, 409, 422))
def change_county_setting(
    setting: SettingKey, body: SettingChange, acting: Signed, session: WriteSession
) -> SettingOut:
    """修改一项设置，要写原因；区纪委和平台管理员可以改，即时生效，留有记录。"""
    return _out(service.put(session, acting=acting, key=setting, value=body.value, reason=body.reason))


@api.get("/county-settings/{setting}/history", responses=problems(400, 403, 404, 422))
def list_county_setting_changes(
    setting: SettingKey, acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[SettingChangeOut]:
    """一项设置的变更记录，新的在前。"""
    rows, following = page(
        session,
        service.changes(acting, setting),
        cursor=after,
        limit=limit,
        moment=SettingHistory.at,
        key=SettingHistory.id,
    )
    return Page(items=[SettingChangeOut.model_validate(row[0]) for row in rows], next=following)


def _out(one: service.Shown) -> SettingOut:
    setting = one.setting
    return SettingOut(
        key=setting.key,
        words=setting.words,
        unit=setting.unit,
        source=setting.source,
        value=one.plain,
        default=setting.adapter.dump_python(setting.default, mode="json"),
        changed=one.changed,
        value_schema=setting.adapter.json_schema(),
    )
