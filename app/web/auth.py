"""Who may call a route. Every route depends on one `Allow`; a house test walks all routes and asserts it."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.core.errors import Forbidden, Unauthenticated
from app.models.people import SessionKind
from app.services import access, sessions
from app.services.actors import Actor, Officer, Villager
from app.web import context

PAGE_COOKIE = "mashang_session"


class Caller(enum.StrEnum):
    """Kinds of callers that a route can be open to."""

    PUBLIC = "public"
    VILLAGER = "villager"
    OFFICER = "officer"
    ADMINISTRATOR = "administrator"


class Allow:
    """A dependency that lets these callers in, known by their session of kind `by`, and gives the actor.

    Raises Unauthenticated when nobody is logged in, Forbidden for another kind of caller. What an actor
    may do with a thing is decided by `services.access`, not here."""

    def __init__(self, *callers: Caller, by: SessionKind) -> None:
        self.callers = frozenset(callers)
        self.by = by

    def __call__(self, request: Request) -> Actor:
        actor = self._actor(request)
        kind = caller_of(actor)
        if kind in self.callers or Caller.PUBLIC in self.callers:
            return actor
        if kind == Caller.PUBLIC:
            raise Unauthenticated("login.required", "请先登录。")
        raise Forbidden("access.forbidden", "您没有权限打开这个页面；如需办理，请联系管理员或上级单位。")

    def _actor(self, request: Request) -> Actor:
        here = context.of(request)
        with here.database.reading() as session:
            actor = sessions.actor(session, token=token_of(request, self.by), kind=self.by, keys=here.keys)
            if isinstance(actor, Officer) and self.callers == {Caller.VILLAGER}:
                login = sessions.find(session, token=token_of(request, self.by), kind=self.by, keys=here.keys)
                return (sessions.villager_of(login) if login else None) or actor
            return actor


def caller_of(actor: Actor) -> Caller:
    """The kind of caller an actor is. An officer appointed as administrator counts as administrator."""
    if access.is_administrator(actor):
        return Caller.ADMINISTRATOR
    if isinstance(actor, Officer):
        return Caller.OFFICER
    return Caller.VILLAGER if isinstance(actor, Villager) else Caller.PUBLIC


def token_of(request: Request, by: SessionKind) -> str | None:
    """The token of the request: a cookie for pages, an Authorization header for the APIs."""
    if by == SessionKind.PAGE:
        return request.cookies.get(PAGE_COOKIE)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def declared_callers(route: APIRoute) -> list[str]:
    """Who may call a route, as its `Allow` says; empty when it has none."""
    found = [item.call for item in _dependencies(route.dependant) if isinstance(item.call, Allow)]
    return sorted({caller.value for allow in found for caller in allow.callers})


def _dependencies(dependant: Dependant) -> Iterator[Dependant]:
    for inner in dependant.dependencies:
        yield inner
        yield from _dependencies(inner)
