"""Errors that the product answers with.

    AppError                 anything we can explain; carries a stable code, an HTTP status and data
    ├── BadInput        400  the request cannot be understood or a value breaks a rule
    ├── Unauthenticated 401  nobody is logged in
    ├── Forbidden       403  logged in, but not allowed
    ├── NotFound        404  no such thing, or none that the caller may know of
    ├── Conflict        409  the thing changed meanwhile, or its state does not allow the step
    ├── TooLarge        413  a body or a file over its limit
    ├── Unprocessable   422  understood, but the content is not taken
    ├── TooMany         429  too many tries; `retry_after` seconds in data
    └── Unavailable     503  a part we need does not answer

Codes are words joined by dots (`complaint.not_open`); each is documented in `docs/errors.md`, which a
house test compares with the source. `message` is plain Chinese for people; `data` is for programs.
"""

from __future__ import annotations


class AppError(Exception):
    """An error with a stable `code`, an HTTP `status`, a `message` for people and `data` for programs."""

    status = 500

    def __init__(self, code: str, message: str, **data: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class BadInput(AppError):
    """A value is missing, malformed or against a rule (400)."""

    status = 400


class Unauthenticated(AppError):
    """Nobody is logged in (401)."""

    status = 401


class Forbidden(AppError):
    """The caller is known and may not do this (403)."""

    status = 403


class NotFound(AppError):
    """There is no such thing, or none that the caller may know of (404)."""

    status = 404


class Conflict(AppError):
    """The state does not allow the step, or somebody else was faster (409)."""

    status = 409


class TooLarge(AppError):
    """A body or a file is over its limit (413)."""

    status = 413


class Unprocessable(AppError):
    """Well-formed, but its content is not taken (422)."""

    status = 422


class TooMany(AppError):
    """Too many tries in too short a time (429)."""

    status = 429


class Unavailable(AppError):
    """A part that we need does not answer (503)."""

    status = 503
