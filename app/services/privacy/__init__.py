"""The privacy gate (隐私检查): what is handed in or published holds no personal data that nobody decided on.

`scan` finds, `require_clean` stops; `mask`, `remove_file`, `justify`, `confirm` and `revoke` are what
officers do about findings; `require_plain` is for short texts that become public without review. The expiry
of person-level data is in `privacy.reduction`."""

from app.services.privacy.decisions import confirm, justify, revoke
from app.services.privacy.gate import Finding, is_open, require_clean, require_plain, scan
from app.services.privacy.masking import mask, remove_file, working_version
from app.services.privacy.places import names_persons
from app.services.privacy.report import Report, report
from app.services.privacy.words import KIND_NAMES, UNREADABLE

__all__ = [
    "KIND_NAMES",
    "UNREADABLE",
    "Finding",
    "Report",
    "confirm",
    "is_open",
    "justify",
    "mask",
    "names_persons",
    "remove_file",
    "report",
    "require_clean",
    "require_plain",
    "revoke",
    "scan",
    "working_version",
]
