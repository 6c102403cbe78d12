"""True over time (留痕可验): head and links of a village's hash chain. Everybody may read and check."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import Field

from app.api.common import Anybody, problems, router
from app.api.schemas import Code, Out
from app.models.chain import ChainEvent, ChainLink
from app.services import access, chain
from app.web.context import ReadSession
from app.web.paging import Limit

api = router("存证链", public=True)

RATES = ("60/minute", "600/hour")
Village = Annotated[Code, Path(description="村社代码")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="第几环")]


class HeadOut(Out):
    """The newest link."""

    number: int = Field(examples=[128])
    digest: str = Field(description="SHA-256，十六进制")
    short: str = Field(description="印在公告和回执上的样子", examples=["128:3f9a0c2177be01d499aa"])


class CheckOut(Out):
    """The newest verification of all contents; `faults` counts what was found by kind."""

    at: datetime
    number: int = Field(description="核对时的环数")
    faults: dict[str, int]


class ChainOut(Out):
    """A village's chain. `head` is null before the first publication."""

    village: str
    head: HeadOut | None
    checked: CheckOut | None = Field(description="每天凌晨核对一次；还没有核对过为空")


class LinkOut(Out):
    """One link: what happened to which version of which item."""

    number: int
    event: ChainEvent
    disclosure_id: uuid.UUID
    version: int
    title: str = Field(description="现在公开的标题；内容不见了为空")
    content_digest: str
    previous: str
    digest: str
    at: datetime


class LinksOut(Out):
    """Links, the newest first; `before` of the next page, null on the last one."""

    items: list[LinkOut]
    before: int | None


class EvidenceOut(Out):
    """The exact files whose SHA-256 are `digest` and `content_digest` of a link, see docs/chain.md."""

    number: int
    digest: str
    content_digest: str
    link_file: str
    content_file: str | None = Field(description="已经撤回或隐去的为空，原因见 because")
    because: str


class HoldingOut(Out):
    """Whether an old head still belongs to the chain."""

    number: int
    found: bool = Field(description="链上有这一环，而且指纹一样")
    last: int = Field(description="现在最后一环")
    at: datetime | None
    newer: int
    unbroken: bool | None = Field(description="后面的环是否环环相扣；太多时为空，由每天的核对检查")


@api.get("/chains/{code}", responses=problems(404, 422))
def get_chain(code: Village, acting: Anybody, session: ReadSession) -> ChainOut:
    """一个村的链头，和最近一次全面核对的结果。"""
    village = access.access_village(session, acting, code)
    head, checked = chain.head(session, village.id), chain.last_check(session, village.id)
    return ChainOut(
        village=village.code,
        head=HeadOut.model_validate(head) if head else None,
        checked=CheckOut.model_validate(checked) if checked else None,
    )


@api.get("/chains/{code}/links", responses=problems(404, 422))
def list_chain_links(
    code: Village,
    acting: Anybody,
    session: ReadSession,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="这一环以前的")] = None,
    limit: Limit = 50,
) -> LinksOut:
    """链上的每一环，新的在前。链里没有个人信息。"""
    village = access.access_village(session, acting, code)
    lines = chain.newest(session, village.id, limit=limit + 1, before=before)
    shown = lines[:limit]
    return LinksOut(
        items=[LinkOut(**_link(line.link), title=line.title) for line in shown],
        before=shown[-1].link.number if len(lines) > limit else None,
    )


@api.get("/chains/{code}/links/{number}", responses=problems(404, 422))
def get_chain_evidence(code: Village, number: Number, acting: Anybody, session: ReadSession) -> EvidenceOut:
    """一环的原文和内容原文：对它们算 SHA-256 就得到链上的指纹。"""
    village = access.access_village(session, acting, code)
    found = chain.evidence(session, village_id=village.id, number=number)
    return EvidenceOut(
        number=number,
        digest=found.link.digest,
        content_digest=found.link.content_digest,
        link_file=found.link_file,
        content_file=found.content_file,
        because=found.because,
    )


@api.get("/chains/{code}/verification", responses=problems(400, 404, 422, 429))
def verify_old_head(
    request: Request,
    code: Village,
    acting: Anybody,
    session: ReadSession,
    head: Annotated[
        str, Query(max_length=200, description="留存的链头", examples=["128:3f9a0c2177be01d499aa"])
    ],
) -> HoldingOut:
    """一个旧链头是不是还在链上。"""
    request.app.state.limiter.hit(request, "verify", *RATES)
    village = access.access_village(session, acting, code)
    found = chain.holds(session, village_id=village.id, known=chain.parse_head(head))
    values = {name: getattr(found, name) for name in HoldingOut.model_fields if name != "number"}
    return HoldingOut(number=found.known.number, **values)


def _link(row: ChainLink) -> dict[str, Any]:
    return {name: getattr(row, name) for name in LinkOut.model_fields if name != "title"}
