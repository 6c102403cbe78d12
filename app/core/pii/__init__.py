"""Personal data in text: finding and masking it.

What must not stand in the open (State Council's key points on public affairs of 2018, the Personal
Information Protection Law, and what inspectors demanded of village boards): ID card numbers (身份证号), bank,
benefit-card and account numbers, phone numbers, exact home addresses, days of birth, names of children,
illnesses. Names of grown-ups may stay where the law wants recipients named, so they are masked by the caller
who knows that a text is a name (`mask_name`), never searched for.

The search folds full-width digits and skips invisible characters, so that 「１３８ 1234–5678」 is found. A
month of birth, a villagers' group, the landline and the address of an office are no findings."""

from app.core.pii.addresses import mask_address
from app.core.pii.kinds import Finding, Kind
from app.core.pii.masks import mask_bank, mask_id, mask_minor, mask_name, mask_phone
from app.core.pii.numbers import born, id_check_digit, luhn
from app.core.pii.search import (
    find,
    find_in_cell,
    is_full_name,
    is_heading,
    is_minors_row,
    is_name_heading,
    joined,
    mask,
)

__all__ = [
    "Finding",
    "Kind",
    "born",
    "find",
    "find_in_cell",
    "id_check_digit",
    "is_full_name",
    "is_heading",
    "is_minors_row",
    "is_name_heading",
    "joined",
    "luhn",
    "mask",
    "mask_address",
    "mask_bank",
    "mask_id",
    "mask_minor",
    "mask_name",
    "mask_phone",
]
