"""Kinds of personal data, and what is found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of personal data."""

    ID_CARD = "id_card"  # 身份证号
    BANK_CARD = "bank_card"  # 银行卡、一卡通、社保卡、账号
    PHONE = "phone"  # 手机号
    LANDLINE = "landline"  # 固定电话
    EMAIL = "email"  # 邮箱
    ADDRESS = "address"  # 详细住址
    BIRTH = "birth"  # 出生日期
    MINOR = "minor"  # 未成年人姓名
    ILLNESS = "illness"  # 个人病情、残疾


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data at `start`:`end` of a text, and how it may be shown. `certain` when a check digit or an
    unmistakable form says so; otherwise a person should look."""

    kind: Kind
    start: int
    end: int
    text: str
    masked: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a finder gives: places are those of the folded text."""

    kind: Kind
    start: int
    end: int
    masked: str
    certain: bool
