"""Settings that the county changes while the system runs (区县设置): weights, switches, deadlines.

`DEFAULTS` is the one registry: every key with its type, default, unit and where the default comes from. A
change is kept with who, when, why, before and after, in `setting_history` under the noun `setting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt, TypeAdapter, ValidationError
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core import text
from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.models import CountySetting, SettingHistory
from app.services import access, audit, setting_history
from app.services.actors import Actor
from app.services.complaints.ladder_terms import DEFAULT as COMPLAINT_LADDER
from app.services.complaints.ladder_terms import ComplaintLadder
from app.services.portrait.terms import METHOD, WEIGHTS, Method, Weights
from app.services.warnings.terms import DEFAULT as LADDER
from app.services.warnings.terms import Ladder

NOUN = "setting"
LONGEST_REASON = 500
OWN = "本系统建议值，各县自定。"

Switch = StrictBool
Days = Annotated[StrictInt, Field(ge=1, le=366)]
Percent = Annotated[StrictInt, Field(ge=1, le=99)]
Few = Annotated[StrictInt, Field(ge=3, le=50)]


@dataclass(frozen=True)
class Setting:
    """One setting: `kind` is a type that pydantic checks; `default` holds until the county sets another.
    `words` say in Chinese what it does, `unit` what it counts, `source` where the default comes from."""

    key: str
    kind: Any
    default: Any
    words: str
    unit: str = ""
    source: str = OWN

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Checks, and turns into JSON and back."""
        return TypeAdapter(self.kind)


_ALL: tuple[Setting, ...] = (
    Setting("warning.repeat_days", Days, 7, "预警没人签收时，隔多少天再提醒一次", "天"),
    Setting("warning.silence_days", Days, 90, "静默预警最长多少天", "天"),
    Setting(
        "warning.ladder",
        Ladder,
        LADDER,
        "预警督办阶梯：几个工作日内签收、整改、复核，逾期报哪一级",
        "工作日",
    ),
    Setting(
        "complaint.ladder",
        ComplaintLadder,
        COMPLAINT_LADDER,
        "诉求督办阶梯：到期前几天提醒，逾期几个工作日上提镇街、区级",
        "天",
        "各地公开办法：受理逾期即上提，办结逾期五个工作日通报；其余为本系统建议值。",
    ),
    Setting("arrears.enabled", Switch, True, "是否在村主页公示欠缴款项（精准监督）"),
    Setting("arrears.notice_days", Days, 7, "公示前至少提前多少天告知欠缴人", "天"),
    Setting(
        "arrears.overdue_days",
        Days,
        60,
        "逾期满多少天才可以公示",
        "天",
        "益农镇公开案例：逾期超过两个月预警。",
    ),
    Setting("portrait.weights", Weights, WEIGHTS, "画像各项指标的分值，合计一百分", "分"),
    Setting("portrait.method", Method, METHOD, "画像怎么计分：回看月数、向同类村收拢、分档、拖延预警扣分"),
    Setting("peers.spread_percent", Percent, 30, "规模相近的村：户数相差不超过百分之几", "%"),
    Setting("peers.minimum", Few, 5, "规模相近的村至少要几个才作比较", "个"),
)
DEFAULTS: dict[str, Setting] = {setting.key: setting for setting in _ALL}


@dataclass(frozen=True)
class Shown:
    """A setting with its present value; `changed` tells whether the county has set it."""

    setting: Setting
    value: Any
    changed: bool

    @property
    def plain(self) -> Any:
        """The value as JSON."""
        return self.setting.adapter.dump_python(self.value, mode="json")


def find(key: str) -> Setting:
    """The setting with this key. Raises NotFound."""
    if key not in DEFAULTS:
        raise NotFound("setting.not_found", f"没有名为「{key[:60]}」的设置。", key=key[:60])
    return DEFAULTS[key]


def get(session: Session, key: str) -> Any:
    """The value in force, of the setting's own type. Raises NotFound for an unknown key."""
    return shown(session, key).value


def shown(session: Session, key: str) -> Shown:
    """A setting and its value. Raises NotFound for an unknown key."""
    setting = find(key)
    row = session.get(CountySetting, key)
    return _shown(setting, row)


def listing(session: Session, *, acting: Actor) -> list[Shown]:
    """All settings in the order of the registry. For officers and administrators."""
    access.require_officer_or_administrator(acting)
    rows = {row.key: row for row in session.scalars(select(CountySetting))}
    return [_shown(setting, rows.get(setting.key)) for setting in DEFAULTS.values()]


def _shown(setting: Setting, row: CountySetting | None) -> Shown:
    if row is None:
        return Shown(setting, setting.default, changed=False)
    return Shown(setting, setting.adapter.validate_python(row.value["value"]), changed=True)


def put(session: Session, *, acting: Actor, key: str, value: Any, reason: str) -> Shown:
    """Set a value, in JSON or of the setting's type. The county's inspectors and administrators only.

    Raises Forbidden, NotFound for an unknown key, BadInput for a value that does not fit or a missing
    reason, Conflict when nothing would change."""
    _require_county(acting)
    setting, because = find(key), _reason(reason)
    after = _checked(setting, value)
    # A concurrent change waits here, so that every step of the history follows from the one before it.
    setting_history.lock(session, NOUN, key)
    row = session.get(CountySetting, key, populate_existing=True)
    before = _shown(setting, row)
    new = Shown(setting, after, changed=True)
    if before.plain == new.plain:
        raise Conflict("setting.unchanged", "这项设置已经是这个值，没有需要修改的。", key=key)
    if row is None:
        session.add(CountySetting(key=key, value={"value": new.plain}))
    else:
        row.value = {"value": new.plain}
    setting_history.remember(
        session,
        acting=acting,
        noun=NOUN,
        key=key,
        reason=because,
        before={"value": before.plain},
        after={"value": new.plain},
    )
    audit.record(session, acting=acting, action="changed", noun=NOUN, noun_id=key)
    session.flush()
    return new


def changes(acting: Actor, key: str) -> Select[SettingHistory]:
    """The changes of a setting, newest first. For officers and administrators. Raises NotFound."""
    access.require_officer_or_administrator(acting)
    return setting_history.changes(NOUN, find(key).key)


def history(session: Session, *, acting: Actor, key: str, limit: int = 100) -> Sequence[SettingHistory]:
    """The newest changes of a setting, see `changes`."""
    return session.scalars(changes(acting, key).limit(limit)).all()


def _require_county(acting: Actor) -> None:
    if not access.acts_for_county(acting):
        raise Forbidden("setting.not_county", "这项设置由区纪委或平台管理员修改。")


def _reason(given: str) -> str:
    reason = text.clean(given)
    if not reason or len(reason) > LONGEST_REASON:
        raise BadInput(
            "setting.reason_missing", f"请写明修改的原因，最多 {LONGEST_REASON} 个字。", field="reason"
        )
    return reason


def _checked(setting: Setting, value: Any) -> Any:
    try:
        return setting.adapter.validate_python(value)
    except ValidationError as error:
        wrong = [".".join(map(str, one["loc"])) or "value" for one in error.errors()]
        raise BadInput(
            "setting.value_wrong",
            f"「{setting.words}」的值不对，请检查：{'、'.join(wrong)[:200]}。",
            key=setting.key,
            parts=wrong[:20],
        ) from error
