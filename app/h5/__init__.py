"""The pages behind a village's code, for villagers, and the officers' desk on the phone. Rendered here,
working without scripts."""

from app.h5 import (
    complain,
    desk_complaints,
    desk_disclosures,
    desk_home,
    desk_login,
    desk_warnings,
    files,
    home,
    mine,
    oauth,
    status,
    village,
)

routers = (
    home.router,
    complain.router,
    village.router,
    status.router,
    mine.router,
    oauth.router,
    files.router,
    desk_login.router,
    desk_complaints.router,
    desk_warnings.router,
    desk_disclosures.router,
    desk_home.router,
)
