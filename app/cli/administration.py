"""Commands for the administrator: migrate, seed, admin, token, routes, check, calendar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.routing import BaseRoute, Mount, Route

from app.cli.common import ACTING, FOUND, AsJson, answer, console, database, explained, settings
from app.cli.processes import prepare
from app.core import clock
from app.core.db import Database
from app.core.keys import Keys
from app.core.settings import Settings
from app.core.storage import Storage
from app.main import build_context, create_app
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.services import calendar, health, officers, organisations, sessions
from app.web.auth import declared_callers


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the newest schema and load the reference data."""
    with explained():
        prepare(settings())
    answer({"migrated": True}, as_json=as_json, text="数据库已是最新。")


def seed_demo(as_json: AsJson = False) -> None:
    """Load the demo data (once)."""
    from app.demo import seed

    current = settings()
    storage = Storage.in_data_dir(current.data_dir)
    with explained(), database(current) as opened:
        summary = seed.seed(opened, today=clock.today(), keys=Keys.of(current.key), storage=storage)
    answer(vars(summary), as_json=as_json, text=f"演示数据：{summary}")


def admin_create(
    login: Annotated[str, typer.Argument(help="login name")],
    name: Annotated[str, typer.Option(prompt="姓名", help="the person's name")],
    password: Annotated[str, typer.Option(prompt="密码", hide_input=True, confirmation_prompt=True)],
    county: Annotated[str, typer.Option(help="code of the county; made when it is new")] = "county",
    as_json: AsJson = False,
) -> None:
    """Create an administrator who can log in to the desk and the REST interface."""
    with explained(), database(settings()) as opened, opened.transaction() as session:
        officer = officers.create(session, acting=ACTING, name=name, login=login, password=password)
        place = organisations.county(session) or organisations.create(
            session, acting=ACTING, kind=OrganisationKind.COUNTY, code=county, name="本区县"
        )
        officers.appoint(
            session, acting=ACTING, officer_id=officer.id, organisation=place, role=Role.ADMINISTRATOR
        )
        key = officer.id
    answer({"officer": str(key), "login": login}, as_json=as_json, text=f"已创建管理员 {login}。")


def token_create(
    label: Annotated[str, typer.Argument(help="what the token is for")], as_json: AsJson = False
) -> None:
    """Create an administrator's REST token; it is shown once."""
    current = settings()
    with explained(), database(current) as opened, opened.transaction() as session:
        token = sessions.create_token(session, acting=ACTING, label=label, keys=Keys.of(current.key)).token
    answer({"token": token}, as_json=as_json, text=token)


def routes(as_json: AsJson = False) -> None:
    """List every route with its methods and who may call it."""
    with explained():
        context = build_context(_nowhere(), Database("postgresql:///nowhere"))
        rows = [
            {"method": method, "path": path, "callers": callers}
            for path, method, callers in sorted(walk(create_app(context=context).routes))
        ]
        context.clients.close()
    text = "\n".join(f"{row['method']:7} {row['path']:60} {', '.join(row['callers'])}" for row in rows)
    answer(rows, as_json=as_json, text=text)


def _nowhere() -> Settings:
    """Settings that touch neither database nor data directory: the list of routes needs none."""
    unused = SecretStr("only the routes are looked at, nothing else")
    return settings().model_copy(update={"secret_key": unused})


def walk(found: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str, list[str]]]:
    """Path, method and callers of all routes, mounted applications included."""
    for route in found:
        included = getattr(route, "original_router", None)  # FastAPI keeps included routers whole
        if included is not None:
            yield from walk(included.routes, prefix)
        elif isinstance(route, Mount):
            inner = getattr(route.app, "routes", None)
            if inner:
                yield from walk(inner, prefix + route.path)
            else:
                yield prefix + route.path + "/{path}", "GET", ["public"]
        elif isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                yield prefix + route.path, method, declared_callers(route)
        elif isinstance(route, Route):
            for method in sorted((route.methods or {"GET", "POST"}) - {"HEAD"}):
                yield prefix + route.path, method, ["public"]


def check(as_json: AsJson = False) -> None:
    """Look for what needs a person: unreached messages, dead letters, missing templates, stale jobs."""
    current = settings()
    with explained(), database(current) as opened, opened.reading() as session:
        found = health.examine(session, app_id=current.wechat_app_id)
    if as_json:
        answer([vars(item) for item in found], as_json=True, text="")
    else:
        for item in found:
            console.print(f"{'需要处理' if item.problem else '正常'}  {item.title}：{item.detail}")
    raise typer.Exit(FOUND if any(item.problem for item in found) else 0)


def calendar_import(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], as_json: AsJson = False
) -> None:
    """Import a year's holidays and make-up work days from CSV: lines `2027-02-06,班,春节调休`."""
    text = _decoded(file.read_bytes())
    with explained(), database(settings()) as opened, opened.transaction() as session:
        days = calendar.import_csv(session, acting=ACTING, text=text)
    answer({"days": days}, as_json=as_json, text=f"已导入 {days} 天。")


def _decoded(raw: bytes) -> str:
    """UTF-8, or what Excel writes in China when it is asked for plain CSV."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")
