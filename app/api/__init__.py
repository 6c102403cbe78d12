"""The REST face for administrators and officers, /api/v1: a file per noun, bearer tokens, problem details.

`common` holds what all routes share, `schemas` the types; a route parses, calls one service, and renders."""

from fastapi import APIRouter

from app.api import (
    audit,
    bindings,
    calendar,
    complaints,
    contracts,
    disclosures,
    exports,
    officers,
    organisations,
    outbox,
    payments,
    qr_codes,
    rules,
    sessions,
    templates,
    uploads,
    warnings,
)

routers: tuple[APIRouter, ...] = (
    sessions.open_router,
    sessions.signed_router,
    organisations.api,
    officers.api,
    bindings.api,
    disclosures.api,
    contracts.api,
    payments.api,
    complaints.api,
    warnings.api,
    rules.api,
    qr_codes.api,
    exports.api,
    outbox.api,
    templates.api,
    calendar.api,
    uploads.api,
    audit.api,
)

__all__ = ["routers"]
