"""Who calls, and how often. Every route has exactly one `Allow`; anonymous ones have `Unseen`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.models.people import SessionKind
from app.services.actors import Actor, Visitor
from app.web.auth import Allow, Caller
from app.web.limits import Limiter

KIND = SessionKind.MINIPROGRAM


class Unseen(Allow):
    """Lets everybody in and looks at nobody: no session is read, even when the client sends one, so that
    nothing can join an anonymous complaint to a person."""

    def __init__(self) -> None:
        super().__init__(Caller.PUBLIC, by=KIND)

    def __call__(self, request: Request) -> Actor:
        return Visitor()


class Limited:
    """A dependency that counts tries of `name` from one address, see `app.web.limits`."""

    def __init__(self, name: str, *rates: str) -> None:
        self.name = name
        self.rates = rates

    def __call__(self, request: Request) -> None:
        limiter: Limiter = request.app.state.limiter
        limiter.hit(request, self.name, *self.rates)


AsVillager = Annotated[Actor, Depends(Allow(Caller.VILLAGER, by=KIND))]
"""A villager who is logged in; 401 otherwise."""

AsAnybody = Annotated[Actor, Depends(Allow(Caller.PUBLIC, by=KIND))]
"""Anybody; a villager when he is logged in."""

AsNobody = Annotated[Actor, Depends(Unseen())]
"""Somebody who shall not be known: always a visitor."""
