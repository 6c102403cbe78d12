"""The exact form of what the chain hashes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.models.chain import ChainEvent
from app.services.chain import canonical

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CONTENTS = st.builds(
    canonical.Content,
    title=st.text(max_size=12),
    summary=st.text(max_size=12),
    body=st.text(max_size=12),
    figures=st.dictionaries(st.text(max_size=6), st.text(max_size=6) | st.integers(), max_size=3),
    table=st.dictionaries(st.text(max_size=6), VALUES, max_size=3),
    reason=st.text(max_size=12),
    published_at=st.none() | st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)),  # noqa: DTZ001
    files=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3).map(tuple),
    salt=st.text("0123456789abcdef", min_size=32, max_size=32),
    withdrawn_because=st.text(max_size=6),
)


@given(VALUES)
def test_the_canonical_form_survives_reading_and_the_order_of_keys(value: Any) -> None:
    written = canonical.text(value)
    read = json.loads(written)

    assert read == value
    assert canonical.text(read) == written
    assert canonical.text(_reversed(value)) == written


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(one) for one in value] if isinstance(value, list) else value


@given(CONTENTS, CONTENTS)
def test_different_contents_have_different_files(one: canonical.Content, other: canonical.Content) -> None:
    files = [
        canonical.content_file(content, ChainEvent.PUBLISHED, withdrawn=True) for content in (one, other)
    ]
    same = one == other and list(one.figures) == list(other.figures)

    assert (files[0] == files[1]) == same
    assert files[0] != canonical.content_file(one, ChainEvent.CORRECTED, withdrawn=True)
