"""First drafts of notices that a ledger asks for, in plain words, for the information officer to finish."""

from __future__ import annotations

from app.core import clock, money, text
from app.models import Contract
from app.models.disclosures import DisclosureKind
from app.services.disclosures import LONGEST_TITLE, Draft

CATEGORY = "tender_notice"
LONGEST_ASSET = 200


def retender(contract: Contract, village_name: str) -> Draft:
    """The re-tender notice (重新招租公告) for a lease that ends: what ends and when, and how to sign up."""
    ends = clock.spoken_day(contract.ends_on) if contract.ends_on else "近期"
    name = text.cut(contract.title, LONGEST_TITLE - len("「」重新招租公告"))
    body = (
        f"{village_name}的「{contract.title}」（合同编号 {contract.number}）于{ends}到期，"
        f"原合同金额 {money.spoken(contract.amount_fen)}，按规定重新公开招租。\n\n"
        "一、报名地点：（请填写）\n"
        "二、需要带的材料：身份证或营业执照（请核对）\n"
        "三、开标办法：（请填写）\n\n"
        "欢迎村民和各单位报名；对公告有意见，可以点「我要反映」。"
    )
    return Draft(
        category_code=CATEGORY,
        title=f"「{name}」重新招租公告",
        summary=f"原合同{ends}到期，重新公开招租，欢迎报名。",
        body=body,
        kind=DisclosureKind.RETENDER_NOTICE,
        contract_id=contract.id,
        filled={"asset": text.cut(contract.subject or contract.title, LONGEST_ASSET)},
    )
