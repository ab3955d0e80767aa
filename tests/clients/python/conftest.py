"""A client of Alice's for the server."""

from collections.abc import Iterator

import pytest

from opensink_client import AgentSession, Client
from tests.conftest import Cast

SCHEMA = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}},
    "required": ["approved"],
}


@pytest.fixture
def client(base_url: str, cast: Cast) -> Iterator[Client]:
    with Client(base_url, cast.alice.api_key) as client:
        yield client


@pytest.fixture
def session(client: Client) -> AgentSession:
    return client.start_session(client.create_agent("Trader").id, state={"step": 1})
