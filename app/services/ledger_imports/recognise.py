"""What the sheets of a file are: which ledger each holds, and under which header each field stands.

By synonyms, by what the officer says, or by what he said of such a file before (the same headers)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.core.sheets import Book, Column, Grid, Header, find_columns, known_header, likely_header
from app.core.sheets.cells import empty
from app.core.sheets.columns import shown
from app.models.base import Json
from app.services.actors import Actor
from app.services.ledger_imports import mappings
from app.services.ledger_imports.layouts import AUTO, SKIP, Layout, layout, layouts

NOT_TABLES = frozenset({"说明", "错误", "选项", "填写说明", "目录", "封面"})
FEWEST_KNOWN = 3  # columns by which a sheet's ledger is recognised
SAMPLES = 3
_PAPERS = re.compile("身份证|证件|公民身份")  # headers below which no value is ever shown


@dataclass
class Part:
    """One sheet of a file. `layout` is what it holds (None: not recognised), `places` where its columns
    stand, `lacking` the required ones that were not found; `skipped`: somebody said to pass it over;
    `remembered`: where its columns stand was said at an earlier file."""

    grid: Grid
    layout: Layout | None = None
    header: Header | None = None
    places: dict[str, int] = field(default_factory=dict)
    lacking: list[Column] = field(default_factory=list)
    remembered: bool = False
    skipped: bool = False

    @property
    def ready(self) -> bool:
        """Whether it can be read: its ledger and all required columns are known."""
        return self.layout is not None and self.header is not None and not self.lacking

    def names(self) -> dict[str, int]:
        """Its headers with their columns."""
        return self.header.names() if self.header else {}

    def as_json(self) -> Json:
        """As a batch keeps it and a page shows it."""
        by_place = {at: name for name, at in self.names().items()}
        samples = self.samples()
        known = set(self.places.values())
        return {
            "name": self.grid.name,
            "rows": max(self.grid.height - (self.header.end if self.header else 0), 0),
            "header_row": self.header.end if self.header else 0,
            "kind": self.layout.key if self.layout else None,
            "ready": self.ready,
            "skipped": self.skipped,
            "remembered": self.remembered,
            "signature": mappings.signature(self.names()),
            "columns": {key: by_place[at] for key, at in self.places.items() if at in by_place},
            "lacking": [column.key for column in self.lacking],
            "unknown": [name for at, name in by_place.items() if at not in known],
            "headers": [{"name": name, "samples": samples[name]} for name in self.names()],
            "formulas": self.grid.part.formulas,
        }

    def samples(self) -> dict[str, list[str]]:
        """A few values below each header, without personal data."""
        found: dict[str, list[str]] = {name: [] for name in self.names()}
        columns = self.layout.columns if self.layout else ()
        secret = {self.places.get(one.key) for one in columns if one.secret}
        for row in self.grid.head[self.header.end if self.header else 0 :]:
            for name, place in self.names().items():
                if not empty(row[place]) and len(found[name]) < SAMPLES:
                    hidden = place in secret or _PAPERS.search(name) is not None
                    found[name].append(shown(row[place], secret=hidden))
        return found


def parts(session: Session, *, acting: Actor, book: Book, kind: str, said: Mapping[str, Any]) -> list[Part]:
    """The sheets of a file that may hold a table, with what they are. `kind` is a ledger, the bank's list, or
    `auto`; `said` is what the officer said of single sheets: {name: {kind, columns: {field: header}}}."""
    wanted = None if kind == AUTO else layout(kind)
    known = mappings.known(session, acting)
    found = []
    for name in book.names():
        if name.strip() in NOT_TABLES and name not in said:
            continue
        part = Part(book.grid(name))
        if not any(not empty(cell) for row in part.grid.head for cell in row):
            continue
        _recognise(part, wanted, said.get(name, {}), known)
        found.append(part)
    if wanted is not None and kind not in {one.get("kind") for one in said.values()}:
        found = _the_one(found)
    return found


def _the_one(found: list[Part]) -> list[Part]:
    """A file of one ledger: when a sheet holds it, all of them, so that those that do not are told of; else
    the one that comes nearest, to be asked about."""
    if any(part.ready for part in found):
        return found
    return sorted(found, key=lambda part: (-len(part.places), -part.grid.height))[:1]


def _recognise(
    part: Part, wanted: Layout | None, said: Mapping[str, Any], known: Mapping[tuple[str, str], Json]
) -> None:
    if said.get("kind") == SKIP:
        part.skipped = True
        return
    chosen = layout(said["kind"]) if said.get("kind") else wanted
    if chosen is not None:
        _lay(part, chosen, said.get("columns"), known)
        return
    candidates = [Part(part.grid) for _ in layouts()]
    for candidate, one in zip(candidates, layouts().values(), strict=True):
        _lay(candidate, one, None, known)
    ready = sorted((one for one in candidates if one.ready), key=_likeness, reverse=True)
    if ready and (ready[0].remembered or len(ready[0].places) >= FEWEST_KNOWN):
        best = ready[0]
        part.layout, part.header, part.places = best.layout, best.header, best.places
        part.remembered = best.remembered
    else:
        part.header = likely_header(part.grid)


def _likeness(part: Part) -> tuple[bool, int, bool]:
    """How well a ledger fits a sheet: said before; how many columns are known; its title at the sheet."""
    assert part.layout is not None
    title = part.layout.title.removesuffix("台账")
    about = part.grid.name + (part.grid.above(part.header) if part.header else "")
    return part.remembered, len(part.places) + 2 * (title in about), title in about


def _lay(
    part: Part, one: Layout, said: Mapping[str, str] | None, known: Mapping[tuple[str, str], Json]
) -> None:
    """Find the header of this ledger in the sheet, then where its columns stand."""
    part.layout = one
    found = known_header(part.grid, one.columns)
    likely = likely_header(part.grid)
    if likely is not None and (found is None or len(found[1]) < FEWEST_KNOWN):
        found = likely, find_columns(likely.cells, one.columns)
    if found is None:
        part.lacking = one.lacking({})
        return
    part.header, part.places = found
    earlier = known.get((one.key, mappings.signature(part.names())))
    if said is not None:
        _apply(part, said)
    elif earlier is not None:
        part.remembered = True
        _apply(part, earlier)
    part.lacking = one.lacking(part.places)


def _apply(part: Part, said: Mapping[str, str]) -> None:
    """What somebody said goes before what the names tell; a header that he gave to a field stands for no
    other one that was only found by its name."""
    names = part.names()
    for key, name in said.items():
        part.places.pop(key, None)
        if name in names:
            part.places = {one: at for one, at in part.places.items() if at != names[name] or one in said}
            part.places[key] = names[name]
