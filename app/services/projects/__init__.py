"""Small works (小型工程) from decision to final account: entering them, and one timeline per project."""

from app.services.projects.stages import NAMES, STATE_NAMES
from app.services.projects.timeline import Step, Timeline, count, listing, timeline, timelines
from app.services.projects.writing import (
    Entry,
    Plan,
    add_stage,
    cancel,
    change,
    enter,
    link_payment,
    paid,
    released,
)

__all__ = [
    "NAMES",
    "STATE_NAMES",
    "Entry",
    "Plan",
    "Step",
    "Timeline",
    "add_stage",
    "cancel",
    "change",
    "count",
    "enter",
    "link_payment",
    "listing",
    "paid",
    "released",
    "timeline",
    "timelines",
]
