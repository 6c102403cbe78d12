"""The pages behind a village's code, for villagers, and the officers' desk on the phone. Rendered here,
working without scripts."""

from fastapi.routing import APIRoute

from app.h5 import (
    bulletin,
    complain,
    desk_board,
    desk_categories,
    desk_complaints,
    desk_disclosures,
    desk_home,
    desk_imports,
    desk_login,
    desk_privacy,
    desk_projects,
    desk_questions,
    desk_review,
    desk_tenders,
    desk_warnings,
    disclosure,
    files,
    home,
    interaction,
    mine,
    oauth,
    open_data,
    projects,
    status,
    tenders,
    verify,
    village,
)

routers = (
    home.router,
    complain.router,
    village.router,
    open_data.router,
    disclosure.router,
    bulletin.router,
    verify.router,
    projects.router,
    interaction.router,
    tenders.router,
    status.router,
    mine.router,
    oauth.router,
    files.router,
    desk_login.router,
    desk_questions.router,
    desk_tenders.router,
    desk_categories.router,
    desk_complaints.router,
    desk_warnings.router,
    desk_privacy.router,
    desk_disclosures.router,
    desk_imports.router,
    desk_review.router,
    desk_board.router,
    desk_projects.router,
    desk_home.router,
)

for _router in routers:
    for _route in _router.routes:
        # Link checkers and previews ask with HEAD, which the framework does not answer by itself.
        if isinstance(_route, APIRoute) and _route.methods and "GET" in _route.methods:
            _route.methods.add("HEAD")
