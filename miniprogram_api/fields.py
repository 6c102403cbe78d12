"""Types of what clients send: lengths are limited, and characters that no person types are refused."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from app.services.complaints import feedback, filing

REFUSED = {"Cc", "Cs"}
LINE_SIGNS = "\n\r\t"


def _readable(text: str) -> str:
    for sign in text:
        if sign not in LINE_SIGNS and unicodedata.category(sign) in REFUSED:
            raise PydanticCustomError("text_control", "有看不见的控制字符，请删掉后再提交")
    return text


Readable = AfterValidator(_readable)
Word = Annotated[str, StringConstraints(max_length=64), Readable]
"""A code, number or search word."""

Code = Annotated[str, StringConstraints(min_length=1, max_length=512), Readable]
"""A one-time code of the platform, or a signed token of ours."""

UploadToken = Annotated[str, StringConstraints(min_length=1, max_length=100), Readable]
Content = Annotated[str, StringConstraints(max_length=filing.LONGEST), Readable]
Reason = Annotated[str, StringConstraints(max_length=feedback.LONGEST_REASON), Readable]
Contact = Annotated[str, StringConstraints(max_length=60), Readable]

VillageCode = Annotated[Word, Path(description="村社代码，写在二维码的场景值和链接里", examples=["donglian"])]
Reference = Annotated[Word, Path(description="诉求的编号或 id", examples=["GD20261123-4F7K"])]
Key = Annotated[uuid.UUID, Path()]
Scene = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    Readable,
    Query(description="小程序码的场景值，已解码：村社代码，或「村社代码:位置」", examples=["donglian:board"]),
]
