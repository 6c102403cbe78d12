"""First drafts of notices that a ledger asks for, in plain words, for the information officer to finish."""

from __future__ import annotations

from app.core import clock, money, text
from app.models import Contract
from app.models.disclosures import DisclosureKind
from app.services.disclosures import LONGEST_TITLE, Draft

NOTICE_DAYS = 7


def retender(contract: Contract, village_name: str) -> Draft:
    """The re-tender notice (重新招租公告) for a lease that ends: what ends and when, and how to sign up."""
    ends = clock.spoken_day(contract.ends_on) if contract.ends_on else "近期"
    name = text.cut(contract.title, LONGEST_TITLE - len("「」重新招租公告"))
    figures = {"原合同到期": ends, "原合同金额": money.spoken(contract.amount_fen)}
    body = (
        f"{village_name}的「{contract.title}」（合同编号 {contract.number}）于{ends}到期，"
        "按规定重新公开招租。\n\n"
        f"一、招租标的：{contract.subject or contract.title}\n"
        "二、起租价和租期：（请填写）\n"
        "三、报名时间和地点：（请填写）\n"
        "四、需要带的材料：身份证或营业执照（请核对）\n"
        "五、开标时间和办法：（请填写）\n\n"
        "欢迎村民和各单位报名；对公告有意见，可以点「我要反映」。"
    )
    return Draft(
        category_code="leasing",
        title=f"「{name}」重新招租公告",
        summary=f"原合同{ends}到期，现在重新公开招租，欢迎报名。",
        body=body,
        kind=DisclosureKind.RETENDER_NOTICE,
        contract_id=contract.id,
        figures=figures,
        notice_days=NOTICE_DAYS,
    )
