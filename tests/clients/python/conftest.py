"""A server over a real socket, and a client of Alice's for it."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from opensink_client import AgentSession, Client
from tests.conftest import Cast

SCHEMA = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}},
    "required": ["approved"],
}


@pytest.fixture
def base_url(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(base_url: str, cast: Cast) -> Iterator[Client]:
    with Client(base_url, cast.alice.api_key) as client:
        yield client


@pytest.fixture
def session(client: Client) -> AgentSession:
    return client.start_session(client.create_agent("Trader").id, state={"step": 1})
