"""Logs: one JSON object per line on standard error, without personal data.

Event names are fixed texts in English; what varies goes into keys. Keys that may hold personal data or
secrets are masked by name, whoever logs them, and values are shortened. Libraries that log through the
standard library come out in the same form; httpx stays quiet below warnings, because its lines hold
addresses with tokens.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars
from structlog.types import EventDict, Processor

MASK = "***"
LONGEST = 500
PRIVATE = re.compile(
    r"(^|_)(openid|unionid|token|secret|password|passwd|phone|mobile|name|display_name|content|body|text|"
    r"query|query_string|cookie|authorization|receipt|ticket|session_key|echostr|signature|scene|data|fields|"
    r"ip|client|user_agent|title|summary|id_card|address)$"
)
ADDRESS = re.compile(r"(?P<front>(?:https?|wss?)://[^\s?#\"']*|/[\w./%~-]*)\?[^\s\"']+")
LONG_SECRET = re.compile(r"\b(access_token|appid|secret|js_code|code|openid|session_key)=[^&\s\"']+")
ERROR_LINE = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*)(?::|$)")
QUIET = ("httpx", "httpcore", "apscheduler", "urllib3", "PIL", "asyncio")
ROUTED = ("uvicorn", "uvicorn.error", "uvicorn.access", "sqlalchemy", "alembic", "fastapi")


def configure(level: str = "INFO") -> None:
    """Send all logs of this process, ours and those of libraries, to standard error as JSON lines."""
    shared = _processors()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ROUTED:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # uvicorn's access lines hold addresses of readers and receipts in queries: the faces log their own.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger. `log.info("outbox.sent", kind=…)`: the event is a fixed name, the rest are keys."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def bound(**values: str) -> Iterator[None]:
    """Every line inside the block carries these keys, in this thread or task (`request_id=…`)."""
    with bound_contextvars(**values):
        yield


def mask(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Hide what may be personal or secret: by the name of its key, and queries inside any text."""
    return {
        key: value if key == "event" and _fixed(value) else _masked(key, value)
        for key, value in event.items()
    }


def _processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(allow=()),
        structlog.processors.format_exc_info,
        mask,
    ]


def _fixed(event: object) -> bool:
    return isinstance(event, str) and re.fullmatch(r"[a-z][a-z0-9_.]*", event) is not None


def _masked(key: str, value: object) -> object:
    if PRIVATE.search(key.lower()) and value is not None:
        return MASK
    if isinstance(value, str):
        return _cleaned(value) if key != "exception" else _cleaned(_frames_only(value), limit=8000)
    if isinstance(value, MutableMapping):
        return {str(inner): _masked(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(key, item) for item in value]
    return value if isinstance(value, int | float | bool | None) else _cleaned(str(value))


def _cleaned(value: str, *, limit: int = LONGEST) -> str:
    value = ADDRESS.sub(lambda found: f"{found['front']}?{MASK}", value)
    value = LONG_SECRET.sub(lambda found: f"{found[1]}={MASK}", value)
    return value if len(value) <= limit else value[:limit] + "…"


def _frames_only(traceback: str) -> str:
    """A traceback without the messages of its errors: those may quote what people wrote (a database error
    lists the parameters of its statement)."""
    kept: list[str] = []
    for line in traceback.splitlines():
        if line.startswith(("Traceback", "  File ", "    ", "During handling", "The above exception")):
            kept.append(line)
        elif found := ERROR_LINE.match(line):
            kept.append(found[1])
    return "\n".join(kept)


def fields(**values: Any) -> dict[str, Any]:
    """`values` as they would be logged: for tests and for journals that follow the same rule."""
    return dict(mask(None, "", dict(values)))
