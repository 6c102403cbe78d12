"""Commands for the villages' hash chains."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.cli.common import FOUND, USAGE, AsJson, answer, database, explained, fail, settings
from app.core.errors import AppError
from app.core.storage import Storage
from app.services import access, chain
from app.services.actors import System

READER = System("chain.verify")


def verify(
    village: Annotated[str | None, typer.Option(help="code of one village; all when left out")] = None,
    head: Annotated[
        list[str] | None, typer.Option(help="a head that was kept, NUMBER:DIGEST, of this village")
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="also read every public file")] = False,
    as_json: AsJson = False,
) -> None:
    """Find every edit, deletion or truncation of what was published. Exits 1 when there is one."""
    if head and village is None:
        fail("有留存的链头，请用 --village 说明是哪个村的。", USAGE)
    try:
        known = [chain.parse_head(text) for text in head or ()]
    except AppError as error:
        fail(error.message, USAGE)
    current = settings()
    storage = Storage.in_data_dir(current.data_dir) if files else None
    with explained(), database(current) as opened, opened.reading() as session:
        if village is None:
            results = list(chain.verify_all(session, storage=storage))
        else:
            try:
                place = access.access_village(session, READER, village)
            except AppError as error:
                fail(error.message, USAGE)
            results = [chain.verify(session, village_id=place.id, known=known, storage=storage)]
    answer(
        [_data(one) for one in results],
        as_json=as_json,
        text="\n".join(map(_line, results)) or "还没有村社。",
    )
    raise typer.Exit(FOUND if any(one.faults for one in results) else 0)


def _line(result: chain.Verified) -> str:
    head = f"链头 {result.head.short}" if result.head else "还没有公开内容"
    counted = f"{result.links} 环，核对内容 {result.checked} 份"
    if result.superseded:
        counted += f"，{result.superseded} 环的旧内容已依规隐去，只核对链"
    if not result.faults:
        return f"正常  {result.village} {result.name}：{counted}；{head}"
    found = "\n".join(f"      {fault.text}" for fault in result.faults)
    return f"有问题  {result.village} {result.name}：{counted}；{head}\n{found}"


def _data(result: chain.Verified) -> dict[str, Any]:
    return {
        "village": result.village,
        "name": result.name,
        "head": {"number": result.head.number, "digest": result.head.digest} if result.head else None,
        "links": result.links,
        "checked": result.checked,
        "superseded": result.superseded,
        "faults": [
            {
                "kind": fault.kind.value,
                "number": fault.number,
                "disclosure": fault.disclosure_id,
                "text": fault.text,
            }
            for fault in result.faults
        ],
    }
