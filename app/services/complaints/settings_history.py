"""What the changes of classes, categories and routes of complaints have in common: who may, and the trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.core import text
from app.core.errors import BadInput, Conflict, Forbidden
from app.models import SettingHistory
from app.services import access, audit, setting_history
from app.services.actors import Actor

CLASS, CATEGORY, ROUTE = "complaint_class", "complaint_category", "complaint_route"
LONGEST_REASON = 500


def require_county(acting: Actor) -> None:
    """Raise Forbidden unless the county's inspector or an administrator acts."""
    if not access.acts_for_county(acting):
        raise Forbidden("complaint_setting.not_county", "诉求的分类、期限和分办由区纪委或平台管理员设置。")


def record(
    session: Session,
    *,
    acting: Actor,
    noun: str,
    key: str,
    reason: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Keep who changed what and why. Raises BadInput without a reason, Conflict when nothing changes."""
    because = text.clean(reason)
    if not because or len(because) > LONGEST_REASON:
        raise BadInput(
            "complaint_setting.reason_missing",
            f"请写明修改的原因，最多 {LONGEST_REASON} 个字。",
            field="reason",
        )
    if before == after:
        raise Conflict("complaint_setting.unchanged", "已经是这样设置的，没有需要修改的。")
    setting_history.remember(
        session,
        acting=acting,
        noun=noun,
        key=key,
        reason=because,
        before=before,
        after=after,
    )
    audit.record(session, acting=acting, action="changed", noun=noun, noun_id=key)
    session.flush()


def changes(acting: Actor, noun: str) -> Select[SettingHistory]:
    """The changes of all classes, categories or routes, newest first. For officers and administrators."""
    access.require_officer_or_administrator(acting)
    return setting_history.changes(noun)
