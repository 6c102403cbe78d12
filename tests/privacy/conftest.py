"""Fixtures of the privacy gate's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.core.storage import Storage
from tests.privacy import leaks
from tests.privacy.leaks import Desk


@pytest.fixture
def desk(session: Session, tmp_path: Path) -> Desk:
    return leaks.desk(session, Storage(tmp_path))
