"""What a sheet may be: the columns of one ledger, or a bank's list of movements, which feeds two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from app.core.errors import NotFound
from app.core.sheets import Column, missing
from app.services.ledger_imports import bank
from app.services.ledgers.definitions import LEDGERS

VILLAGE = "village"
AUTO, SKIP = "auto", "skip"
VILLAGE_COLUMN = Column(
    VILLAGE,
    "村社",
    synonyms=("村", "村名", "村（社区）", "行政村", "所属村", "所属村社", "村级组织", "村集体", "核算单位",
              "单位名称"),
    spread=True,
    prefilled=True,
    help="村名；同名的村请写镇名加村名。整个文件是一个村的，可以不填，上传时选村",
)  # fmt: skip

Entry = tuple[str, dict[str, Any]]
"""The key of a ledger and the values of one row of it, by column key."""


@dataclass(frozen=True)
class Layout:
    """A sort of sheet. `feeds` are the ledgers that its rows go to; `split` says to which one a row goes and
    as what (it raises `bank.Unclear`); without it a row goes to the only one as it is. Of `either` one group
    of columns must be there, besides the required ones; `back` leads from a ledger's field to the column
    that it came from, where they are called differently."""

    key: str
    title: str
    columns: tuple[Column, ...]
    feeds: tuple[str, ...]
    split: Callable[[Mapping[str, Any]], Iterator[Entry]] | None = None
    either: tuple[tuple[str, ...], ...] = ()
    back: Mapping[str, str] = field(default_factory=dict)

    def lacking(self, places: Mapping[str, int]) -> list[Column]:
        """The columns without which a sheet cannot be read, as far as they are not among `places`."""
        absent = missing(places, self.columns)
        if self.either and not any(all(key in places for key in group) for group in self.either):
            absent += [self.by_key[key] for key in self.either[0] if key not in places]
        return absent

    def entries(self, values: Mapping[str, Any]) -> Iterator[Entry]:
        """Where the values of one row go."""
        if self.split is not None:
            yield from self.split(values)
        else:
            yield self.key, {key: value for key, value in values.items() if key != VILLAGE}

    @property
    def by_key(self) -> dict[str, Column]:
        """Its columns by key."""
        return {column.key: column for column in self.columns}


@cache
def layouts() -> dict[str, Layout]:
    """All sorts of sheets by key: the ledgers in their order, and the bank's."""
    made = {
        key: Layout(key, ledger.title, (VILLAGE_COLUMN, *ledger.columns), (key,))
        for key, ledger in LEDGERS.items()
    }
    made[bank.KEY] = Layout(
        bank.KEY,
        bank.TITLE,
        (VILLAGE_COLUMN, *bank.COLUMNS),
        ("payments", "receipts"),
        bank.split,
        bank.EITHER,
    )
    return made


def layout(key: str) -> Layout:
    """One sort of sheet. Raises NotFound."""
    found = layouts().get(key)
    if found is None:
        raise NotFound("import.kind_unknown", "没有这种台账，请从列表中选择。", kind=key)
    return found


@cache
def order() -> Mapping[str, int]:
    """The place of each ledger in the order of writing: what others name by number comes first."""
    placed: dict[str, int] = {}
    waiting = dict(LEDGERS)
    while waiting:
        free = [
            key
            for key, ledger in waiting.items()
            if not {one.link for one in ledger.fields if one.link} & (set(waiting) - {key})
        ]
        for key in free or list(waiting):
            placed[key] = len(placed)
            del waiting[key]
    return placed
