"""Tenders with sign-ups (招标、招租报名): an invitation goes out with a disclosure, people sign up until its
deadline, the office awards it.

    draft ─ its disclosure is published ─▶ open ─ deadline ─▶ closed ─▶ awarded | failed
                                             └──────────┴─ the disclosure is withdrawn ─▶ cancelled

`terms`: what is invited for; `sign_ups`: a villager's own; `office`: list and file for the village office;
`outcome`: award and failure. Here: what the publishing of disclosures calls, and the deadline's job. (This
module imports nothing of `disclosures`, which calls it.)
"""

from app.services.tenders.lifecycle import close_due, entitled, released, withdrawn

__all__ = ["close_due", "entitled", "released", "withdrawn"]
