"""The words of the privacy gate: kinds of findings as people call them."""

from __future__ import annotations

from app.core.pii import Kind

UNREADABLE = "unreadable"
"""The kind of a page or picture that no program can read: a person looks and ticks."""

KIND_NAMES: dict[str, str] = {
    Kind.ID_CARD: "身份证号",
    Kind.BANK_CARD: "银行卡或账号",
    Kind.PHONE: "手机号",
    Kind.LANDLINE: "固定电话",
    Kind.EMAIL: "邮箱",
    Kind.ADDRESS: "详细住址",
    Kind.BIRTH: "出生日期",
    Kind.MINOR: "未成年人姓名",
    Kind.ILLNESS: "个人病情",
    UNREADABLE: "程序读不出的图片或页面",
}
