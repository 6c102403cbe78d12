"""Short-lived keys that open one file: for readers who show no login with each picture.

Whoever may see a complaint gets, with its page, a key for each of its files. A key opens that file alone, for
ten minutes, and names nobody."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy.orm import Session

from app.core import security
from app.core.errors import BadInput, NotFound
from app.core.keys import Keys
from app.models import Attachment

PURPOSE = "file"
LIFETIME = timedelta(minutes=10)


def make(keys: Keys, attachment_id: uuid.UUID) -> str:
    """A key for a file that the reader was just allowed to see."""
    return security.sign(keys.master, PURPOSE, str(attachment_id))


def opened(session: Session, *, keys: Keys, attachment_id: uuid.UUID, key: str) -> Attachment:
    """The file that a key opens. Raises BadInput for a key that is too old or not of this file, NotFound
    when the file is gone."""
    if security.unsign(keys.master, PURPOSE, key, max_age=LIFETIME) != str(attachment_id):
        raise BadInput("link.invalid", "这个链接不完整或已失效，请重新打开页面再试。")
    attachment = session.get(Attachment, attachment_id)
    if attachment is None or attachment.viewing is None:
        raise NotFound("attachment.not_found", "没有找到这个文件，可能已被移除或您无权查看。")
    return attachment
