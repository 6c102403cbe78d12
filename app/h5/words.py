"""The words of the pages: names of states, steps, roles and messages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from app.core import clock
from app.models import Complaint, Objection, Question
from app.models.complaints import ComplaintState, EventKind
from app.models.delivery import MessageKind, OutgoingMessage
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Duty, Role
from app.models.rules import Colour
from app.models.warnings import WarningState
from app.services.complaints.colours import colour, days_left
from app.services.complaints.feedback import SATISFACTION_NAMES
from app.services.complaints.handling import STATE_NAMES
from app.services.disclosures import STATE_NAMES as DISCLOSURE_STATES
from app.services.objections import STATE_NAMES as OBJECTION_STATES
from app.services.questions import STATE_NAMES as QUESTION_STATES
from app.services.tenders.lifecycle import STATE_NAMES as TENDER_STATES
from app.services.warnings import names as warning_names
from app.services.warnings.names import STATES as WARNING_STATES

COMPLAINT_STATES = STATE_NAMES
SATISFACTION = SATISFACTION_NAMES
WARNING_COLOURS = warning_names.COLOURS
CLOSE_REASONS = warning_names.REASONS
LINES = warning_names.LINES
LADDER_STEPS = warning_names.STEPS
LADDER_LEVELS = warning_names.LEVELS

ROLES = {
    Role.INFORMATION_OFFICER: "信息员",
    Role.LIAISON_OFFICER: "联络员",
    Role.TOWN_INSPECTOR: "镇街监察办",
    Role.COUNTY_INSPECTOR: "区纪委",
    Role.DEPARTMENT_HANDLER: "职能部门",
    Role.ADMINISTRATOR: "平台管理员",
}
# The same behind the name of the place: 益农镇 + 监察办.
POSTS = ROLES | {Role.TOWN_INSPECTOR: "监察办", Role.COUNTY_INSPECTOR: "纪委监委"}
DUTIES = {Duty.GENERAL: "", Duty.PUBLICATION: "监督公开", Duty.COMPLAINTS: "答复诉求"}

EVENTS = {
    EventKind.FILED: "收到诉求",
    EventKind.ADDED: "村民补充",
    EventKind.ASSIGNED: "转交办理",
    EventKind.NOTIFIED: "已通知",
    EventKind.ACCEPTED: "已受理",
    EventKind.ANSWERED: "已答复",
    EventKind.RATED: "村民评价",
    EventKind.REOPENED: "重新办理",
    EventKind.REMINDED: "催办",
    EventKind.ESCALATED: "转上一级督办",
    EventKind.CLOSED: "办结",
    EventKind.NOTE: "内部备注",
    EventKind.JOINED: "请求协办",
    EventKind.ASKED: "向您了解情况",
    EventKind.TRANSFERRED: "转办",
    EventKind.REGRADED: "调整类别",
    EventKind.EXTENDED: "延期",
    EventKind.RETURNED: "不属受理范围",
    EventKind.MERGED: "并案办理",
    EventKind.UNSEALED: "调阅身份",
    EventKind.PUBLISHED: "公开答复",
    EventKind.WITHDRAWN: "村民撤回",
    EventKind.RECUSED: "回避",
    EventKind.ERASED: "到期清理",
}
WARNING_EVENTS = {
    "fired": "发出预警",
    "worse": "预警升级",
    "better": "预警减轻",
    "refired": "再次预警",
    "repeated": "再次提醒",
    "promoted": "规则启用",
    "escalated": "转上级督办",
    "muted": "静默",
    "unmuted": "恢复提醒",
    "acknowledged": "签收",
    "explained": "处置说明",
    "proposed": "申请销号",
    "returned": "退回重办",
    "cleared": "数据显示已整改",
    "closed": "复核销号",
}
EVIDENCE = {"number": "合同编号", "ends_on": "到期日", "days_left": "剩余天数"}

DISCLOSURE_COLOURS = {
    DisclosureState.DRAFT: "grey",
    DisclosureState.SUBMITTED: "yellow",
    DisclosureState.APPROVED: "yellow",
    DisclosureState.RETURNED: "red",
    DisclosureState.PUBLISHED: "green",
    DisclosureState.WITHDRAWN: "grey",
}

DISCLOSURE_KINDS = {
    DisclosureKind.PLAIN: "一般公开",
    DisclosureKind.RETENDER_NOTICE: "重新招租公告",
    DisclosureKind.TENDER_NOTICE: "招标公告",
    DisclosureKind.AWARD_NOTICE: "中标公示",
    DisclosureKind.URGENT_NOTICE: "紧急通知",
}

# One character for each entry of the 10+X list, drawn large in the grid.
GLYPHS = {
    "power_workflow": "权",
    "small_works": "工",
    "hardship_aid": "助",
    "labour": "劳",
    "leasing": "租",
    "house_building": "房",
    "assets": "资",
    "party_dues": "党",
    "meetings": "会",
    "finance": "账",
    "family_virtue": "家",
    "weddings_funerals": "俗",
}

NUMBER = re.compile(r"[-+]?[\d,，.]+%?\s*(?:元|万元|亩|户|人|天|次|件|个|处|㎡|平方米)?")
DAY = re.compile(r"\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日|[\d./-]{5,10}")

LONGEST_WORD = 4

MESSAGES = {
    MessageKind.COMPLAINT_ASSIGNED: "有一件诉求转给您办理",
    MessageKind.COMPLAINT_PROGRESS: "诉求有新进展",
    MessageKind.COMPLAINT_OVERDUE: "诉求超期，请尽快办理",
    MessageKind.WARNING_FIRED: "有一条预警要处置",
    MessageKind.WARNING_DIGEST: "有几条预警要处置",
    MessageKind.REVIEW_REQUESTED: "有一项公开工作等您办理",
    MessageKind.TASK_ISSUED: "有一项任务等您办理",
    MessageKind.DISCLOSURE_PUBLISHED: "有新的公开信息",
}


def warning_colour(state: WarningState, colour: Colour) -> str:
    """The colour of a warning's badge: its own while it is live, grey once it is struck off."""
    return "grey" if state == WarningState.CLOSED else colour.value


def due(complaint: Complaint) -> str:
    """How long there is: 还剩 3 天, 今天到期, 超期 2 天; or that nobody took it in hand in time."""
    left = days_left(complaint)
    if left < 0:
        return f"超期 {-left} 天"
    if complaint.state == ComplaintState.FILED and complaint.accept_at < clock.now():
        return "逾期未受理"
    return f"还剩 {left} 天" if left else "今天到期"


def late(inquiry: Question | Objection) -> bool:
    """Whether a question or objection still waits though its day has passed."""
    return inquiry.state.value == "open" and inquiry.due_on < clock.today()


def deadline(moment: datetime) -> str:
    """By when something is due: 2026年3月5日前 for the end of that day, else with the hour."""
    last = clock.local(moment - timedelta(seconds=1))
    if last.hour == 23 and last.minute == 59:
        return f"{clock.spoken_day(last.date())}前"
    return clock.spoken(moment)


def ladder_due(step: dict[str, Any]) -> str:
    """By when a step of a warning's ladder is due."""
    return deadline(datetime.fromisoformat(step["due_at"]))


def ladder_ahead(step: dict[str, Any]) -> bool:
    """Whether its time has not come yet."""
    return datetime.fromisoformat(step["due_at"]) > clock.now()


def is_number(cell: object) -> bool:
    """Whether a table's cell is an amount or a count: set to the right and never broken."""
    return bool(NUMBER.fullmatch(str(cell).strip()))


def is_short(cell: object) -> bool:
    """Whether a table's cell is a date or a word of up to four characters, which is never broken either."""
    shown = str(cell).strip()
    return len(shown) <= LONGEST_WORD or bool(DAY.fullmatch(shown))


def period(text: str) -> str:
    """A period as people say it: 2026年10月, 2026年三季度, 2026年; anything else as it is."""
    if found := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        return f"{found[1]}年{'一二三四'[int(found[2]) - 1]}季度"
    if found := re.fullmatch(r"(\d{4})(?:-(\d{2}))?", text):
        return f"{found[1]}年" + (f"{int(found[2])}月" if found[2] else "")
    return text


def message_line(message: OutgoingMessage) -> str:
    """What a message is about, in one line: place and number or title."""
    fields = ("task", "subject", "village", "number", "title", "total", "progress", "overdue", "colour")
    return " · ".join(str(message.data[name]) for name in fields if message.data.get(name))


__all__ = [
    "CLOSE_REASONS",
    "COMPLAINT_STATES",
    "DISCLOSURE_COLOURS",
    "DISCLOSURE_KINDS",
    "DISCLOSURE_STATES",
    "DUTIES",
    "EVENTS",
    "EVIDENCE",
    "GLYPHS",
    "LADDER_LEVELS",
    "LADDER_STEPS",
    "LINES",
    "MESSAGES",
    "OBJECTION_STATES",
    "POSTS",
    "QUESTION_STATES",
    "ROLES",
    "SATISFACTION",
    "TENDER_STATES",
    "WARNING_COLOURS",
    "WARNING_EVENTS",
    "WARNING_STATES",
    "colour",
    "days_left",
    "deadline",
    "due",
    "is_number",
    "is_short",
    "ladder_ahead",
    "ladder_due",
    "late",
    "message_line",
    "period",
    "warning_colour",
]
