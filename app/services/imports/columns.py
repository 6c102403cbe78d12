"""The columns of an import sheet: whose item it is, the item's own fields, then one record a row."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.sheets import Column, Type
from app.models.categories import SECRET, Cadence, DisclosureCategory, FieldType
from app.services.disclosures import LONGEST_BODY, LONGEST_TITLE, fields
from app.services.disclosures.values import LONGEST, LONGEST_TEXT, Field

VILLAGE, PERIOD, TITLE, BODY = "village", "period", "title", "body"
OWN, RECORD = "own.", "record."
OF_ITEM = "每件填一次（写在这一件的第一行）"
OF_RECORD = "明细（每行一条）"
PERIODS = {Cadence.MONTH: Type.MONTH, Cadence.QUARTER: Type.QUARTER, Cadence.YEAR: Type.YEAR}
_TYPES = {
    FieldType.LONG_TEXT: Type.LONG_TEXT,
    FieldType.MONEY: Type.MONEY,
    FieldType.NUMBER: Type.NUMBER,
    FieldType.DATE: Type.DATE,
    FieldType.MONTH: Type.MONTH,
    FieldType.CHOICE: Type.CHOICE,
    FieldType.YES_NO: Type.YES_NO,
}
_PRIVATE = SECRET | {FieldType.PERSON, FieldType.PHONE}


@dataclass(frozen=True)
class Layout:
    """How the sheet of a category looks. `periodic`: its items are told apart by period, the others by
    their titles; `with_records`: several rows may make up one item."""

    columns: tuple[Column, ...]
    periodic: bool
    with_records: bool


def layout(category: DisclosureCategory) -> Layout:
    """The columns of a category's sheet, by its cadence, fields and columns."""
    kind = PERIODS.get(category.cadence)
    own, records = fields.fields_of(category), fields.columns_of(category)
    taken = {_label(field) for field in records}
    head = [
        Column(VILLAGE, "村社", required=True, synonyms=("村", "村名", "单位"), spread=True, prefilled=True,
               help="村名；同名的村请写镇名加村名"),
    ]  # fmt: skip
    if kind is not None:
        head.append(
            Column(
                PERIOD,
                "期间",
                kind,
                required=True,
                synonyms=("所属期间", "月份", "季度", "年度"),
                spread=True,
                prefilled=True,
            )
        )
    head.append(
        Column(TITLE, "标题", required=kind is None, longest=LONGEST_TITLE, synonyms=("事项",), spread=True,
               help="不填就按村名、期间和类别写" if kind else "同一件的各行写同一个标题"),
    )  # fmt: skip
    if not own and not records:
        head.append(Column(BODY, "正文", Type.LONG_TEXT, required=True, longest=LONGEST_BODY))
    group = OF_ITEM if records else ""
    return Layout(
        (
            *head,
            *(_column(OWN, field, group, clash=_label(field) in taken) for field in own),
            *(_column(RECORD, field, OF_RECORD if own else "", required=field.required) for field in records),
        ),
        periodic=kind is not None,
        with_records=bool(records),
    )


def _label(field: Field) -> str:
    unit = "元" if field.type == FieldType.MONEY else field.unit
    return f"{field.label}（{unit}）" if unit else field.label


def _column(prefix: str, field: Field, group: str, *, clash: bool = False, required: bool = False) -> Column:
    """An item's own field need not stand in every row, so it is only required once per item (later)."""
    name = "整件" if clash else ""
    private = field.type in _PRIVATE
    help_ = field.help or ("不公开" if not field.public else "")
    return Column(
        prefix + field.key,
        name + _label(field),
        _TYPES.get(field.type, Type.TEXT),
        required=required,
        synonyms=(name + field.label,),
        options=tuple(label for _, label in field.options),
        help=help_,
        longest=LONGEST.get(field.type, LONGEST_TEXT),
        unit=field.unit,
        group=group,
        secret=private and not (prefix == OWN and field.public),
    )
