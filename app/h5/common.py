"""What the phone pages share: who asks, rendering, form tickets, cookies, uploads that survive an error."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.core import clock, security
from app.core.errors import AppError, BadInput, Conflict
from app.h5 import words
from app.models.people import SessionKind
from app.services import attachments, file_keys, sessions
from app.services.actors import Actor, Visitor
from app.services.sessions import Opened
from app.web import context, pages
from app.web.auth import PAGE_COOKIE, Allow, Caller, token_of
from app.web.context import Context

FORM = "form"
FORM_GOOD_FOR = timedelta(hours=12)


# --- who asks -------------------------------------------------------------------------------------


class Nobody(Allow):
    """Lets everybody in and looks at no cookie: for what must not be joined with a login."""

    def __init__(self) -> None:
        super().__init__(Caller.PUBLIC, by=SessionKind.PAGE)

    def __call__(self, request: Request) -> Actor:
        return Visitor()


class Oneself(Allow):
    """Lets everybody in, as the villager behind the login (also when he is an officer), else as a visitor."""

    def __init__(self) -> None:
        super().__init__(Caller.PUBLIC, by=SessionKind.PAGE)

    def __call__(self, request: Request) -> Actor:
        here = context.of(request)
        with here.database.reading() as session:
            login = sessions.find(session, token=token_of(request, self.by), kind=self.by, keys=here.keys)
            return (sessions.villager_of(login) if login else None) or Visitor()


AsNobody = Annotated[Actor, Depends(Nobody())]
AsOneself = Annotated[Actor, Depends(Oneself())]
AsReader = Annotated[Actor, Depends(Allow(Caller.PUBLIC, by=SessionKind.PAGE))]
AsVillager = Annotated[Actor, Depends(Allow(Caller.VILLAGER, by=SessionKind.PAGE))]
AsOfficer = Annotated[Actor, Depends(Allow(Caller.OFFICER, Caller.ADMINISTRATOR, by=SessionKind.PAGE))]


# --- answers --------------------------------------------------------------------------------------


def show(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page with our words and the ticket that its forms carry."""
    return pages.render(
        request, template, status=status, words=words, form=partial(issue, request, FORM), **values
    )


def go(address: str) -> RedirectResponse:
    """After a step: on to a page that may be reloaded."""
    return RedirectResponse(address, status_code=303)


def log_in(response: Response, here: Context, opened: Opened) -> None:
    """Give the browser its login."""
    lasts = opened.session.expires_at - clock.now()
    set_cookie(response, here, PAGE_COOKIE, opened.token, max_age=int(lasts.total_seconds()))


def set_cookie(
    response: Response, here: Context, name: str, value: str, *, max_age: int, path: str = "/"
) -> None:
    """A cookie that scripts and other sites cannot use."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=path,
        httponly=True,
        samesite="lax",
        secure=here.settings.public_url.startswith("https://"),
    )


# --- form tickets ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ticket:
    """What a form carries to prove that we made it for this browser: a random name, and when."""

    nonce: str
    at: int

    @property
    def age(self) -> int:
        """Seconds since the page was made."""
        return int(clock.now().timestamp()) - self.at


def issue(request: Request, purpose: str, *, bound: bool = True) -> str:
    """A ticket for a form, tied to the login that asks (`bound`) or to nobody; neither passes for both."""
    data = {"n": secrets.token_urlsafe(12), "at": int(clock.now().timestamp())}
    if bound:
        data["s"] = _login(request)
    return security.sign(context.of(request).keys.master, purpose, data)


def check(request: Request, purpose: str, ticket: str, *, good_for: timedelta, bound: bool = True) -> Ticket:
    """The ticket of a form that came back. Raises BadInput when it is old, foreign, or none."""
    data = security.unsign(context.of(request).keys.master, purpose, ticket, max_age=good_for)
    if not isinstance(data, dict) or data.get("s") != (_login(request) if bound else None):
        raise BadInput("form.foreign", "登录状态变了，请重新提交一次。")
    return Ticket(str(data.get("n")), int(data.get("at", 0)))


def _login(request: Request) -> str:
    token = request.cookies.get(PAGE_COOKIE)
    return context.of(request).keys.session_digest(f"form:{token}")[:16] if token else ""


def _our_form(request: Request, form: Annotated[str, Form()] = "") -> None:
    check(request, FORM, form, good_for=FORM_GOOD_FOR)


OurForm = Depends(_our_form)
"""Dependency of every changing route behind a login: the form is ours, made for this login."""


# --- changes and uploads --------------------------------------------------------------------------


@contextmanager
def changing(here: Context) -> Iterator[Session]:
    """A transaction of its own, so that the page can be shown again with what was typed when it fails.

    Raises AppError; somebody who was faster is a Conflict."""
    try:
        with here.database.transaction() as session:
            yield session
    except StaleDataError as error:
        raise Conflict("request.conflict", "刚才有人改过同一内容，请看清楚现在的情况再办。") from error


def _photos(photos: Annotated[list[UploadFile] | None, File()] = None) -> list[UploadFile]:
    return photos or []


Photos = Annotated[list[UploadFile], Depends(_photos)]
"""The files of the field `photos`; an input left empty sends one without a name."""


@dataclass
class Kept:
    """Uploads that are stored already: their tokens travel in the form until it is accepted."""

    tokens: list[str] = field(default_factory=list)
    problem: AppError | None = None


def keep_uploads(
    here: Context, acting: Actor, files: Sequence[UploadFile], earlier: Sequence[str] = ()
) -> Kept:
    """Store what was uploaded, one by one; what is stored stays stored when a later one is refused."""
    kept = Kept(list(dict.fromkeys(token for token in earlier if token)))
    chosen = [file for file in files if file.filename]
    most = attachments.MOST_FILES
    if len(kept.tokens) + len(chosen) > most:
        kept.problem = BadInput("upload.too_many", f"一次最多 {most} 个文件，请少选几个。", field="photos")
        return kept
    for file in chosen:
        try:
            kept.tokens.append(_upload(here, acting, file))
        except AppError as refusal:
            kept.problem = refusal
            break
    return kept


def uploaded(here: Context, acting: Actor, files: Sequence[UploadFile]) -> list[str]:
    """The tokens of all files. Raises the first refusal."""
    kept = keep_uploads(here, acting, files)
    if kept.problem is not None:
        raise kept.problem
    return kept.tokens


def _upload(here: Context, acting: Actor, file: UploadFile) -> str:
    data = file.file.read(here.settings.upload_max_bytes + 1)
    with here.database.transaction() as session:
        uploaded = attachments.upload(
            session,
            acting=acting,
            data=data,
            name=file.filename or "",
            storage=here.storage,
            keys=here.keys,
            limits=here.upload_limits,
        )
        return uploaded.token


def file_links(here: Context, files: Sequence[Any]) -> dict[Any, str]:
    """Links to files that open without a login for ten minutes, by file id: for readers already let in."""
    return {file.id: f"/files/{file.id}?k={file_keys.make(here.keys, file.id)}" for file in files}
