"""Silences (静默): an office decides that certain warnings are not pushed until a day, with its reason.
Nothing is lost: what is to be told waits, and goes out when the silence ends and the warning is open."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.core import clock, text
from app.core.errors import BadInput, Conflict, NotFound
from app.models import EarlyWarning, Organisation, Silence
from app.models.organisations import OrganisationKind
from app.models.rules import RuleMode
from app.services import access_warnings, audit, county_settings
from app.services.actors import Actor
from app.services.warnings import muting, settings

LONGEST_REASON = 500


@dataclass(frozen=True)
class Wanted:
    """What is to keep quiet until `ends_on` (its last day): of one rule or all, about one subject or all, red
    ones too or not, and why."""

    ends_on: date
    reason: str
    rule: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    includes_red: bool = False


def set(session: Session, *, acting: Actor, place: Organisation, wanted: Wanted) -> Silence:
    """Keep warnings of a place quiet from now on. The ladder of deadlines climbs on; what a village silenced,
    the offices above are told by it all the same.

    Raises Forbidden for anybody but the village's liaison officer (yellow only) and inspectors above;
    BadInput for a missing reason, a department, or a day that is past or too far."""
    if wanted.rule is not None:
        settings.find_rule(wanted.rule)
    return _set(session, acting, place, wanted)


def _set(session: Session, acting: Actor, place: Organisation, wanted: Wanted) -> Silence:
    officer, by_village = access_warnings.require_silencer(session, acting, place, red=wanted.includes_red)
    reason = _checked(session, place, wanted)
    silence = Silence(
        id=uuid.uuid4(),
        organisation_id=place.id,
        rule=wanted.rule,
        subject_kind=wanted.subject_kind,
        subject_id=wanted.subject_id,
        includes_red=wanted.includes_red,
        by_village=by_village,
        reason=reason,
        officer_id=officer.officer_id,
        set_by=officer.name,
        starts_on=clock.today(),
        ends_on=wanted.ends_on,
    )
    session.add(silence)
    session.flush()
    _record(session, acting, silence, place, "silenced")
    muting.refresh(session)
    return silence


def of_warning(
    session: Session, *, acting: Actor, warning: EarlyWarning, ends_on: date, reason: str
) -> Silence:
    """Keep quiet about this warning's rule and subject, as it is coloured now. Raises as `set`; BadInput for
    one that is only tried out: nobody is told of it, and a silence would tell."""
    if warning.mode == RuleMode.SHADOW:
        raise BadInput("silence.trial", "试运行的预警本来就不推送，不用静默。")
    wanted = Wanted(
        ends_on,
        reason,
        rule=warning.rule,
        subject_kind=warning.subject_kind,
        subject_id=warning.subject_id,
        includes_red=warning.colour == "red",
    )
    return _set(session, acting, session.get_one(Organisation, warning.village_id), wanted)


def may_end(session: Session, acting: Actor, silence: Silence) -> bool:
    """Whether the actor might have set it, and so may end it. What an office silenced, its villages do not
    wake."""
    place = session.get_one(Organisation, silence.organisation_id)
    return access_warnings.may_silence(session, acting, place, red=not silence.by_village)


def end(session: Session, *, acting: Actor, silence_id: uuid.UUID) -> Silence:
    """End a silence before its day; pushes resume. Raises NotFound, Forbidden for who might not have set it,
    Conflict when it is over."""
    silence = session.scalar(
        select(Silence)
        .where(Silence.id == silence_id, access_warnings.visible_silences(acting))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if silence is None:
        raise NotFound("silence.not_found", "没有找到这条静默，可能链接有误，或不属于您管理的范围。")
    place = session.get_one(Organisation, silence.organisation_id)
    officer, _ = access_warnings.require_silencer(session, acting, place, red=not silence.by_village)
    if silence.ended_at is not None or silence.ends_on < clock.today():
        raise Conflict("silence.over", "这条静默已经结束。")
    silence.ended_at, silence.ended_by = clock.now(), officer.name
    session.flush()
    _record(session, acting, silence, place, "silence.ended")
    muting.refresh(session)
    return silence


def listing(
    acting: Actor, *, running: bool | None = None, organisation_id: uuid.UUID | None = None
) -> Select[Silence]:
    """The silences that the actor may know of, newest first; only those that hold now, or are over."""
    query = select(Silence).where(access_warnings.visible_silences(acting))
    over = or_(Silence.ended_at.is_not(None), Silence.ends_on < clock.today())
    if running is not None:
        query = query.where(~over if running else over)
    if organisation_id is not None:
        query = query.where(Silence.organisation_id == organisation_id)
    return query.order_by(Silence.created_at.desc(), Silence.id.desc())


def latest_end(session: Session) -> date:
    """The last day that a silence set today may have."""
    days: int = county_settings.get(session, "warning.silence_days")
    return clock.today() + timedelta(days=days)


def _checked(session: Session, place: Organisation, wanted: Wanted) -> str:
    reason = text.clean(wanted.reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise BadInput(
            "silence.reason_missing", f"请写明静默的原因，最多 {LONGEST_REASON} 个字。", field="reason"
        )
    last = latest_end(session)
    if not clock.today() <= wanted.ends_on <= last:
        raise BadInput(
            "silence.end_wrong", f"结束日期要在今天到 {clock.spoken_day(last)} 之间。", field="ends_on"
        )
    if place.kind == OrganisationKind.DEPARTMENT:
        raise BadInput("silence.place_wrong", "请选村社、镇街或区县。", field="organisation")
    if (wanted.subject_kind is None) != (wanted.subject_id is None):
        raise BadInput("silence.subject_unclear", "指定事项时，类型和编号都要写。", field="subject_id")
    return reason


def _record(session: Session, acting: Actor, silence: Silence, place: Organisation, action: str) -> None:
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="silence",
        noun_id=silence.id,
        village_id=place.id if place.kind == OrganisationKind.VILLAGE else None,
        rule=silence.rule,
        includes_red=silence.includes_red,
        ends_on=silence.ends_on.isoformat(),
    )
