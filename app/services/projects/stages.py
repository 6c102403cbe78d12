"""The stages of small works (小型工程) in their order, their names, and what follows from them alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from app.models.projects import ProjectState, StageKind

K = StageKind
ORDER: tuple[StageKind, ...] = tuple(StageKind)
NAMES = {
    K.PROPOSAL: "提议",
    K.VOTE: "会议表决",
    K.DECISION: "决策公示",
    K.TENDER: "招标公告",
    K.AWARD: "中标公示",
    K.CONTRACT: "签订合同",
    K.CHANGE: "变更",
    K.PAYMENT: "付款",
    K.ACCEPTANCE: "验收",
    K.FINAL_ACCOUNT: "决算",
}
STATE_NAMES = {
    ProjectState.PROPOSED: "提议中",
    ProjectState.APPROVED: "已决策",
    ProjectState.UNDER_WAY: "实施中",
    ProjectState.ACCEPTED: "已验收",
    ProjectState.SETTLED: "已决算",
    ProjectState.CANCELLED: "已取消",
}
# A project may be without a change; payments are read from the ledger.
OWED = tuple(kind for kind in ORDER if kind not in (K.CHANGE, K.PAYMENT))
# What villagers must be able to read for themselves, not only be told that it happened.
PUBLIC = frozenset({K.DECISION, K.TENDER, K.AWARD})
OTHER_WORDS = {
    "表决": K.VOTE,
    "决策": K.DECISION,
    "招标": K.TENDER,
    "中标": K.AWARD,
    "合同": K.CONTRACT,
    "竣工验收": K.ACCEPTANCE,
    "竣工决算": K.FINAL_ACCOUNT,
    "结算": K.FINAL_ACCOUNT,
}
WORDS = {kind.value: kind for kind in K} | {name: kind for kind, name in NAMES.items()} | OTHER_WORDS


def named(word: object) -> StageKind | None:
    """The stage that an officer's word or code means; None when it is no stage with a row of its own."""
    kind = WORDS.get(str(word).strip())
    return None if kind == K.PAYMENT else kind


def place(kind: StageKind) -> int:
    """Where a stage stands in the order."""
    return ORDER.index(kind)


def state(
    done: Collection[StageKind], *, approved_on: date | None, cancelled: bool, started: bool
) -> ProjectState:
    """What the `done` stages make of a project. `started`: a contract is linked or money was paid."""
    if cancelled:
        return ProjectState.CANCELLED
    if K.FINAL_ACCOUNT in done:
        return ProjectState.SETTLED
    if K.ACCEPTANCE in done:
        return ProjectState.ACCEPTED
    if started or K.CONTRACT in done or K.CHANGE in done:
        return ProjectState.UNDER_WAY
    if approved_on is not None or not {K.DECISION, K.TENDER, K.AWARD}.isdisjoint(done):
        return ProjectState.APPROVED
    return ProjectState.PROPOSED
