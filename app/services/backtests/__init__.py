"""Back-tests (回测): a rule run over history, day by day, before it may push anybody.

Nothing is written to warnings and nobody is told. What comes out: how many subjects would have fired, where,
how early they would have been known, how many messages that means, how often complaints of the same village
were near, and what could not be judged for want of data. The worker makes it in the background; the command
line makes it at once.
"""

from app.services.backtests.outcome import summary, workbook
from app.services.backtests.replay import Episode, Replay, days_between, replay
from app.services.backtests.requests import KIND, LONGEST_SPAN, find, listing, make, request, run, tasks_of

__all__ = [
    "KIND",
    "LONGEST_SPAN",
    "Episode",
    "Replay",
    "days_between",
    "find",
    "listing",
    "make",
    "replay",
    "request",
    "run",
    "summary",
    "tasks_of",
    "workbook",
]
