"""The REST face for administrators and officers, /api/v1: a file per noun, bearer tokens, problem details.

`common` holds what all routes share, `schemas` the types; a route parses, calls one service, and renders."""

from fastapi import APIRouter

from app.api import (
    audit,
    bindings,
    broadcasts,
    calendar,
    categories,
    chains,
    complaints,
    contracts,
    disclosures,
    exports,
    imports,
    objections,
    obligations,
    officers,
    open_data,
    organisations,
    outbox,
    payments,
    privacy,
    projects,
    qr_codes,
    questions,
    reach,
    reading,
    rules,
    sessions,
    templates,
    tenders,
    uploads,
    warnings,
)

routers: tuple[APIRouter, ...] = (
    sessions.open_router,
    sessions.signed_router,
    organisations.api,
    reach.api,
    officers.api,
    bindings.api,
    categories.api,  # before disclosures, whose keys would take its paths
    disclosures.api,
    privacy.api,
    obligations.api,
    reading.api,
    imports.api,
    open_data.api,
    questions.api,
    objections.api,
    tenders.api,
    broadcasts.api,
    contracts.api,
    payments.api,
    projects.api,
    chains.api,
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
