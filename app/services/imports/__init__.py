"""Importing a month of disclosures from one workbook (导入): download a template, fill it in, see what would
happen, then all of it or nothing.

previewed ─ apply ─▶ applied;   refused: rows are wrong, nothing can be applied

A repetition is harmless: what is there with the same content stays as it is. What is public is only changed
by proposing corrections, and only when asked to."""

from app.services.imports.batches import (
    KIND,
    MOST_ROWS,
    apply,
    faulty,
    find,
    listing,
    preview,
    template,
    templates,
)
from app.services.imports.files import KEPT_FOR, Template, forget
from app.services.imports.planning import Outcome

__all__ = [
    "KEPT_FOR",
    "KIND",
    "MOST_ROWS",
    "Outcome",
    "Template",
    "apply",
    "faulty",
    "find",
    "forget",
    "listing",
    "preview",
    "template",
    "templates",
]
