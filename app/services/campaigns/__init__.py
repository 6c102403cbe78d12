"""Campaigns (专项自查): after a finding an office asks its villages the same questions, with a deadline.

issue ─▶ every village: waiting ─answer─▶ answered ─accept─▶ accepted
                                   ▲            └──return──▶ returned ─answer─▶ answered
close, with how it was dealt with (处理) and what rule or practice came of it

Villages get it as a task on the phone and are reminded before and after the deadline; the board counts who
is done, late, and found something.
"""

from app.services.campaigns.answering import answer, review
from app.services.campaigns.board import Board, Line, board, listing, own_tasks
from app.services.campaigns.issuing import Question, QuestionKind, close, issue
from app.services.campaigns.reminders import remind
from app.services.campaigns.states import ANSWER_NAMES, STATE_NAMES

__all__ = [
    "ANSWER_NAMES",
    "STATE_NAMES",
    "Board",
    "Line",
    "Question",
    "QuestionKind",
    "answer",
    "board",
    "close",
    "issue",
    "listing",
    "own_tasks",
    "remind",
    "review",
]
