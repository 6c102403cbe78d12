"""Reference data that every installation starts with; loaded after each migration.

Rows that the county has changed are left alone: only missing ones are added. The ten fixed disclosure
categories and the village's own ones follow the programme's "10+X" list (10+X 公开清单).
"""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import ComplaintCategory, DisclosureCategory

# code, name, explanation
FIXED_CATEGORIES = (
    ("power_workflow", "小微权力流程", "村里各项权力怎么用、分几步、谁来批。"),
    ("small_works", "小型工程", "村里的小工程，从决策到验收的全过程。"),
    ("hardship_aid", "困难补助", "谁领了补助、依据什么标准、领了多少。"),
    ("labour", "村务用工", "村里请了谁干活、干了什么、付了多少。"),
    ("leasing", "资源发包", "土地、房屋等集体资源的出租和招标。"),
    ("house_building", "农村建房", "谁申请建房、批了没有、批了多大。"),
    ("assets", "集体三资", "集体的资金、资产、资源有多少，怎么用的。"),
    ("party_dues", "党费收缴", "党费收了多少、用在哪里。"),
    ("meetings", "会议决策", "村里开了什么会、定了什么事、落实得怎样。"),
    ("finance", "村级财务", "每个月的收入和支出，一笔一笔看得见。"),
)
EXTRA_CATEGORIES = (
    ("family_virtue", "家风家训", "村里的好家风、好家训。"),
    ("weddings_funerals", "婚丧嫁娶", "婚丧喜事简办的约定和执行情况。"),
)

# code, name, days to accept, days to finish (work days), skips the village.
# Accepting within one work day and finishing within 3, 5, 10 or 15 follow published county rules;
# 20 calendar days for disclosure matters is the provincial implementing rule, taken here as work days
# minus weekends: 14, the stricter reading.
COMPLAINT_CATEGORIES = (
    ("consultation", "咨询了解", 1, 3, False),
    ("request", "求助办事", 1, 5, False),
    ("public_works", "设施维修", 1, 5, False),
    ("finance", "村级财务", 1, 10, False),
    ("leasing", "土地与发包", 1, 10, False),
    ("house_building", "农村建房", 1, 10, False),
    ("complaint", "意见投诉", 1, 10, False),
    ("disclosure", "公开不及时不真实", 1, 14, False),
    ("cadre_conduct", "反映干部作风", 1, 15, True),
)
DEFAULT_COMPLAINT_CATEGORY = "complaint"


def load(session: Session) -> None:
    """Add the categories that are missing. Idempotent."""
    categories = [(*row, True) for row in FIXED_CATEGORIES] + [(*row, False) for row in EXTRA_CATEGORIES]
    session.execute(
        insert(DisclosureCategory)
        .values(
            [
                {"code": code, "name": name, "explanation": text, "fixed": fixed, "position": position}
                for position, (code, name, text, fixed) in enumerate(categories, start=1)
            ]
        )
        .on_conflict_do_nothing()
    )
    session.execute(
        insert(ComplaintCategory)
        .values(
            [
                {
                    "code": code,
                    "name": name,
                    "position": position,
                    "accept_days": accept,
                    "finish_days": finish,
                    "skips_village": skips,
                    "active": True,
                }
                for position, (code, name, accept, finish, skips) in enumerate(COMPLAINT_CATEGORIES, start=1)
            ]
        )
        .on_conflict_do_nothing()
    )
