"""One sandbox and one receiver per test process; every test finds them as they were at the start."""

from collections.abc import Iterator

import pytest

from tests.sandbox.support import Receiver, Sandbox, config_for, receiving, running


@pytest.fixture(scope="session")
def _receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def _address(_receiver: Receiver) -> Iterator[str]:
    with running(config_for(_receiver.url)) as client:
        yield client.address


@pytest.fixture
def receiver(_receiver: Receiver) -> Receiver:
    """The account's server, with nothing received and nothing to say."""
    _receiver.forget()
    return _receiver


@pytest.fixture
def sandbox(_address: str, receiver: Receiver) -> Iterator[Sandbox]:
    """The sandbox, pushing to the receiver."""
    client = Sandbox(_address)
    client.control("reset")
    receiver.forget()
    yield client
    client.control("reset")
    client.http.close()
