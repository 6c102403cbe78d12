"""How names, account titles and identity numbers are compared."""

from __future__ import annotations

import pytest

from app.core.errors import BadInput
from app.core.keys import Keys
from app.models.ledgers import ExpenseClass, PartyKind
from app.services.ledgers.words import expense_class, name_key, party_kind, person_digest
from tests.factories import KEYS

ID_NUMBER = "11010519491231002X"  # the example of the national standard GB 11643


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("杭州某某（萧山）建材有限公司", "杭州某某(萧山)建材 有限公司"),
        ("ＡＢＣ建材", "abc 建材"),
        ("张三（三组）", "张三"),
        ("买买提·艾力", "买买提•艾力"),
    ],
)
def test_spellings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


def test_names_of_branches_stay_apart() -> None:
    assert name_key("某某建材（萧山）有限公司") != name_key("某某建材（余杭）有限公司")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("某某水产专业合作社", PartyKind.FIRM),
        ("益农镇东联村经济合作社", PartyKind.FIRM),
        ("红星五金店", PartyKind.FIRM),
        ("张三", PartyKind.PERSON),
        ("欧阳海", PartyKind.PERSON),
        ("李四等3人", PartyKind.PERSON),
        ("各农户", None),
        ("代发工资", None),
    ],
)
def test_who_is_a_firm_and_who_a_person(name: str, kind: PartyKind | None) -> None:
    assert party_kind(name) == kind


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("劳务用工", ExpenseClass.LABOUR),
        ("管理费用-办公费", ExpenseClass.OFFICE),
        ("管理费用—招待费", ExpenseClass.HOSPITALITY),
        ("工程材料", ExpenseClass.MATERIAL),
        ("在建工程/道路硬化", ExpenseClass.WORKS),
        ("道路维修", ExpenseClass.UPKEEP),
        ("公益支出>误工补贴", ExpenseClass.LABOUR),
        ("固定资产购置", ExpenseClass.GOODS),
        ("审计费", ExpenseClass.SERVICE),
        ("困难户慰问金", ExpenseClass.WELFARE),
        ("内部往来", ExpenseClass.TRANSFER),
        ("其他支出", ExpenseClass.OTHER),
        ("5301", None),
    ],
)
def test_what_account_titles_mean(title: str, expected: ExpenseClass | None) -> None:
    assert expense_class(title) == expected


def test_an_identity_number_is_remembered_by_a_keyed_digest() -> None:
    digest = person_digest(KEYS, ID_NUMBER)
    assert digest == person_digest(KEYS, " １１０１０５ 19491231 002x ")
    assert digest == person_digest(KEYS, "110105491231002")
    assert ID_NUMBER not in digest
    assert digest != person_digest(Keys.of(b"another master secret, 32 bytes!"), ID_NUMBER)


@pytest.mark.parametrize("number", ["110105194912310021", "11010519491331002X", "12345", "张三"])
def test_a_wrong_identity_number_is_refused(number: str) -> None:
    with pytest.raises(BadInput) as refused:
        person_digest(KEYS, number)
    assert refused.value.code == "ledger.id_number_wrong"
    assert number not in refused.value.message
