"""Pictures from the chat: fetched, cleaned, kept; what cannot be had says why."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from app.core.db import BorrowedDatabase, database_now
from app.core.storage import Storage
from app.models import Attachment
from app.models.base import WorkState
from app.services import claims
from app.wechat.media import MediaFetcher
from tests.sandbox.support import APP_ID, Receiver, Sandbox, config_for, receiving, running
from tests.wechat.platform import Platform, platform

GET = "/cgi-bin/media/get"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def running_sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    with running(config_for(receiver.url)) as client:
        yield client


@pytest.fixture
def here(running_sandbox: Sandbox, borrowed: BorrowedDatabase, tmp_path: Path) -> Iterator[Platform]:
    running_sandbox.control("reset")
    running_sandbox.control("follow", persona="王阿婆")
    with platform(running_sandbox, borrowed, tmp_path) as found:
        yield found


def sent_picture(here: Platform, receiver: Receiver) -> str:
    here.sandbox.control("picture", persona="王阿婆")
    return str(receiver.received[-1].fields["MediaId"])


def note(here: Platform, media_id: str, app_id: str = APP_ID) -> uuid.UUID:
    with here.database.transaction() as session:
        row = Attachment(
            id=uuid.uuid4(), app_id=app_id, media_id=media_id, state=WorkState.PENDING, name="聊天图片"
        )
        session.add(row)
        session.flush()
        return row.id


def fetch(here: Platform, *, later: timedelta = timedelta(seconds=1)) -> WorkState:
    fetcher = MediaFetcher(
        here.database, here.clients, here.settings, Storage.in_data_dir(here.settings.data_dir)
    )
    with here.database.transaction() as session:
        (row,) = claims.claim(
            session, Attachment, owner="w", limit=1, lease_seconds=60, now=database_now(session) + later
        )
    return fetcher.fetch(row)


def stored(here: Platform, key: uuid.UUID) -> Attachment:
    with here.database.transaction() as session:
        return session.get_one(Attachment, key, populate_existing=True)


def test_a_picture_is_kept_and_shown_without_metadata(here: Platform, receiver: Receiver) -> None:
    key = note(here, sent_picture(here, receiver))
    assert fetch(here) is WorkState.DONE
    row = stored(here, key)
    storage = Storage.in_data_dir(here.settings.data_dir)
    assert row.original is not None
    assert row.viewing is not None
    assert row.media_type == "image/jpeg"
    assert row.size == len(storage.read(row.original))
    with Image.open(io.BytesIO(storage.read(row.original))) as original:
        assert original.getexif(), "the sandbox's photo says where it was taken"
    with Image.open(io.BytesIO(storage.read(row.viewing))) as viewing:
        assert not viewing.getexif()


def test_an_expired_picture_is_a_dead_letter(here: Platform, receiver: Receiver) -> None:
    key = note(here, sent_picture(here, receiver))
    here.sandbox.control("clock", advance_seconds=3 * 86400 + 10)
    assert fetch(here) is WorkState.FAILED
    row = stored(here, key)
    assert row.error_code == "wechat.40007"
    assert "过期" in str(row.error_text)


def test_another_accounts_picture_is_a_dead_letter(here: Platform) -> None:
    key = note(here, "m", app_id="wxforeign")
    assert fetch(here) is WorkState.FAILED
    assert stored(here, key).error_code == "media.account_unknown"


@pytest.mark.parametrize("failure", [{"errcode": -1}, {"timeout": True}, {"http_status": 502}])
def test_a_busy_platform_is_asked_again(
    here: Platform, receiver: Receiver, failure: dict[str, object]
) -> None:
    key = note(here, sent_picture(here, receiver))
    here.sandbox.control("fail", path=GET, **failure)
    assert fetch(here) is WorkState.PENDING
    assert stored(here, key).attempts == 1
    assert fetch(here, later=timedelta(seconds=10)) is WorkState.DONE


@pytest.mark.parametrize("errcode", [45009, 40164])
def test_trouble_of_the_account_does_not_count(here: Platform, receiver: Receiver, errcode: int) -> None:
    key = note(here, sent_picture(here, receiver))
    here.sandbox.control("fail", path=GET, errcode=errcode)
    assert fetch(here) is WorkState.PENDING
    assert stored(here, key).attempts == 0


def test_a_voice_message_is_not_taken_for_a_picture(here: Platform, receiver: Receiver) -> None:
    here.sandbox.control("voice", persona="王阿婆")
    key = note(here, str(receiver.received[-1].fields["MediaId"]))
    assert fetch(here) is WorkState.FAILED
    assert stored(here, key).error_code == "upload.type_refused"
