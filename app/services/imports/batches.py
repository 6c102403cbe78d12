"""The life of one uploaded workbook: preview, apply, and the file that goes when it is no longer needed."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core import clock, sheets
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.core.sheets import Limits, Page, RowError, Sheet, Table
from app.core.storage import Storage
from app.models import DisclosureCategory, ImportBatch, Organisation
from app.models.interaction import ImportState
from app.services import access_imports, attachments, audit, categories, disclosures
from app.services.access_imports import access_import, drafted_villages, require_importer, visible_imports
from app.services.actors import Actor, Officer
from app.services.imports.columns import PERIOD, VILLAGE, layout
from app.services.imports.files import Template, opened, seal
from app.services.imports.planning import Outcome, Plan, Step, plan

KIND = "disclosures"
MOST_ROWS = 10_000
MOST_ITEMS = 2_000
NOT_IMPORTED = frozenset({"urgent"})  # reviewed at once, one by one
_LIMITS = Limits(max_rows=MOST_ROWS)


def templates(session: Session, *, acting: Actor) -> list[DisclosureCategory]:
    """The categories in force that the actor may import for some village, in the order of the list."""
    today = clock.today()
    return [
        category
        for category in session.scalars(
            select(DisclosureCategory).order_by(DisclosureCategory.position, DisclosureCategory.code)
        )
        if category.code not in NOT_IMPORTED
        and categories.in_force(category, today)
        and isinstance(acting, Officer)
        and access_imports.drafts_for(session, acting, category)
    ]


def template(session: Session, *, acting: Actor, category_code: str, period: str | None = None) -> Template:
    """The workbook of a category, with a row for each of the officer's villages and the period filled in.

    Raises NotFound, Forbidden, BadInput for a period that the category does not have."""
    category = _category(session, category_code)
    villages = drafted_villages(session, acting, category)
    disclosures.fields.check_period(category, period)
    shape = layout(category)
    names = village_names(villages)
    rows = [{VILLAGE: name, PERIOD: period} for name in names] if len(names) <= 60 else []
    table = Table("填写", shape.columns, rows, {VILLAGE: names})
    notes = [
        f"{category.name}：{category.explanation}",
        "带 * 的列必须填。不要改动表头；用不到的行可以删掉。"
        + ("同一件有多条明细时，村社、期间、标题每行都写一样。" if shape.with_records else "一行是一件。"),
        f"填好后在工作台「导入」上传，一次最多 {MOST_ROWS} 行。先看到预览，确认后存成草稿，再照常提交审核。",
    ]
    label = f"{category.name}{f'-{period}' if period else ''}-导入模板.xlsx"
    return Template(label, sheets.template(table, notes))


def village_names(villages: Sequence[Organisation]) -> list[str]:
    """Each village's name, with its town where another one has the same."""
    often = Counter(village.name for village in villages)
    return [
        village.name
        if often[village.name] == 1
        else f"{village.parent.name if village.parent else ''}{village.name}"
        for village in villages
    ]


def preview(
    session: Session,
    *,
    acting: Actor,
    category_code: str,
    data: bytes,
    file_name: str,
    storage: Storage,
    keys: Keys,
) -> ImportBatch:
    """Read a workbook and keep what importing it would do: `errors` by cell, `result` by item; nothing of
    it is drafted yet. The file is kept sealed, for a few days.

    Raises NotFound, Forbidden, BadInput when it is no such workbook or has no rows, TooLarge."""
    category = _category(session, category_code)
    villages = drafted_villages(session, acting, category)
    assert isinstance(acting, Officer)
    sheet = _read(category, data)
    made = plan(session, acting=acting, category=category, villages=villages, sheet=sheet)
    if len(made.steps) > MOST_ITEMS:
        raise BadInput(
            "import.too_many",
            f"一次最多导入 {MOST_ITEMS} 件，这份表格有 {len(made.steps)} 件，请分几次导入。",
            field="file",
        )
    key = uuid.uuid4()
    batch = ImportBatch(
        id=key,
        kind=KIND,
        category_code=category.code,
        file=seal(storage, keys, key, data),
        file_name=attachments.safe_name(file_name),
        officer_id=acting.officer_id,
        requested_by=f"{acting.kind}:{acting.id}",
        state=ImportState.REFUSED if made.errors else ImportState.PREVIEWED,
        rows=len(sheet.rows) + len(sheet.partial),
        errors=[error.as_json() for error in made.errors],
        result=_result(made),
    )
    session.add(batch)
    session.flush()
    _record(session, acting, "previewed", batch, errors=len(made.errors))
    return batch


def apply(
    session: Session,
    *,
    acting: Actor,
    batch_id: uuid.UUID,
    storage: Storage,
    keys: Keys,
    corrections: bool = False,
    reason: str = "",
) -> ImportBatch:
    """Do all of a preview, or nothing: previewed → applied. What is there is looked at anew; published items
    are only touched with `corrections`, which propose the new text with a public `reason`. An applied batch
    is answered as it is.

    Raises NotFound, Forbidden, Conflict when rows are wrong (also by now) or the file is gone, BadInput for
    corrections without a reason."""
    batch = access_import(session, acting, batch_id, KIND)
    officer = require_importer(acting, batch)
    session.refresh(batch, with_for_update=True)
    if batch.state is ImportState.APPLIED:
        return batch
    if batch.state is not ImportState.PREVIEWED:
        raise Conflict(
            "import.refused", "表格里有错误，没有导入；请改好后重新上传。", errors=len(batch.errors)
        )
    if corrections and not reason.strip():
        raise BadInput("import.reason_missing", "提出更正要写明原因，原因会公开。", field="reason")
    made = _replan(session, officer, batch, storage, keys)
    if made.errors:
        raise Conflict("import.changed", "上传之后情况有变化，现在不能照预览导入，请重新上传。")
    done = [_do(session, officer, step, keys, reason.strip() if corrections else "") for step in made.steps]
    made.steps = done
    batch.state, batch.applied_at = ImportState.APPLIED, clock.now()
    batch.result = {**_result(made), "corrections": corrections}
    session.flush()
    _record(session, acting, "applied", batch, **batch.result["counts"])
    return batch


def _do(session: Session, acting: Officer, step: Step, keys: Keys, reason: str) -> Step:
    draft, known = step.draft, step.disclosure_id
    if step.outcome is Outcome.CREATE:
        made = disclosures.draft(session, acting=acting, village=step.village, draft=draft, keys=keys)
        known = made.id
    elif step.outcome is Outcome.CHANGE and known is not None:
        disclosures.revise(session, acting=acting, disclosure_id=known, draft=draft, keys=keys)
    elif step.outcome is Outcome.CORRECT and known is not None:
        if not reason:
            return _with(step, outcome=Outcome.SKIP, reason="已公开，没有选择提出更正")
        disclosures.propose(
            session, acting=acting, disclosure_id=known, draft=draft, reason=reason, keys=keys
        )
    return _with(step, disclosure_id=known)


def _with(step: Step, **changes: Any) -> Step:
    return Step(**{**vars(step), **changes})


def find(session: Session, *, acting: Actor, batch_id: uuid.UUID) -> ImportBatch:
    """One batch. Raises NotFound."""
    return access_import(session, acting, batch_id, KIND)


def listing(acting: Actor) -> Select[ImportBatch]:
    """The batches that the actor may see, newest first."""
    return (
        select(ImportBatch)
        .where(visible_imports(acting), ImportBatch.kind == KIND)
        .order_by(ImportBatch.created_at.desc(), ImportBatch.id.desc())
    )


def faulty(session: Session, *, acting: Actor, batch_id: uuid.UUID, storage: Storage, keys: Keys) -> Template:
    """The uploaded sheet with the wrong cells marked, for whoever uploaded it. Raises NotFound, Forbidden,
    Conflict when nothing is wrong or the file is gone."""
    batch = access_import(session, acting, batch_id, KIND)
    require_importer(acting, batch)
    if not batch.errors:
        raise Conflict("import.no_errors", "这次导入没有错误。")
    rows = sheets.raw_rows(opened(batch, storage, keys), batch.result["sheet"], _LIMITS)
    errors = [RowError.of(error) for error in batch.errors]
    page = Page(
        batch.result["sheet"], list(enumerate(rows, start=1)), errors, batch.result.get("header_row", 0)
    )
    return Template("导入错误.xlsx", sheets.marked([page]))


# --- parts ----------------------------------------------------------------------------------------


def _category(session: Session, code: str) -> DisclosureCategory:
    category = categories.find(session, code)
    if code in NOT_IMPORTED or not categories.in_force(category, clock.today()):
        raise BadInput("import.category_refused", "这一类不能用表格导入，请逐条起草。", field="category")
    return category


def _read(category: DisclosureCategory, data: bytes) -> Sheet:
    sheet = sheets.read(data, layout(category).columns, sheet="填写", limits=_LIMITS)
    if not sheet.rows and not sheet.errors:
        raise BadInput("import.empty", "表格里没有内容，请在表头下面填写后再上传。", field="file")
    return sheet


def _replan(session: Session, acting: Officer, batch: ImportBatch, storage: Storage, keys: Keys) -> Plan:
    category = _category(session, batch.category_code or "")
    villages = drafted_villages(session, acting, category)
    sheet = _read(category, opened(batch, storage, keys))
    return plan(session, acting=acting, category=category, villages=villages, sheet=sheet)


def _result(made: Plan) -> dict[str, Any]:
    """What a preview shows: numbers and places, nothing that the rows say but titles."""
    counts = Counter(step.outcome.value for step in made.steps)
    return {
        "sheet": made.sheet.name,
        "header_row": made.sheet.header_row,
        "formulas": made.sheet.formulas,
        "unknown": made.sheet.unknown,
        "cut_short": made.sheet.cut_short,
        "counts": {outcome.value: counts[outcome.value] for outcome in Outcome},
        "items": [
            {
                "village": step.village.code,
                "village_name": step.village.name,
                "period": step.draft.period,
                "title": step.draft.title,
                "rows": len(step.rows),
                "first_row": step.rows[0],
                "outcome": step.outcome.value,
                "reason": step.reason,
                "disclosure_id": str(step.disclosure_id) if step.disclosure_id else None,
            }
            for step in made.steps
        ],
    }


def _record(session: Session, acting: Actor, action: str, batch: ImportBatch, **data: int) -> None:
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="import",
        noun_id=batch.id,
        village_id=None,
        at=None,
        category=batch.category_code,
        **data,
    )
