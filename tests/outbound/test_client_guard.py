"""The guard at the socket: names, addresses, rebinding, and whom we really reached."""

import socket
import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import TYPE_CHECKING

import pytest

from opensink_web.outbound.client import Call, Client, Response
from opensink_web.outbound.policy import EndpointPolicy
from tests.outbound.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.outbound.conftest import Server

Names = dict[str, list[list[str]]]


def post(client: Client, url: str, timeout_seconds: float = PATIENCE_SECONDS) -> Response:
    return client.send(Call("POST", url, (), b"{}", timeout_seconds))


def code_of(outcome: Response) -> str:
    assert outcome.error is not None
    return outcome.error.code


@pytest.fixture
def strict() -> Iterator[Client]:
    """A client that may call public addresses only."""
    with Client(EndpointPolicy()) as made:
        yield made


def test_connects_to_the_address_of_the_name_and_keeps_the_name_as_host(
    client: Client, answer: "Callable[..., Server]", names: Names
) -> None:
    names["agent.example"] = [["127.0.0.1"]]
    server = answer()
    outcome = post(client, server.url("agent.example"))
    assert (outcome.succeeded, outcome.remote_address) == (True, "127.0.0.1")
    assert f"Host: agent.example:{server.port}\r\n".encode() in server.requests[0]


def test_a_name_with_a_trailing_dot_is_called_without_it(
    client: Client, answer: "Callable[..., Server]", names: Names
) -> None:
    names["agent.example."] = [["127.0.0.1"]]
    server = answer()
    assert post(client, server.url("agent.example.")).succeeded
    assert f"Host: agent.example:{server.port}\r\n".encode() in server.requests[0]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "fe80::1"])
def test_refuses_a_public_name_with_a_private_address(
    strict: Client,
    answer: "Callable[..., Server]",
    names: Names,
    caplog: pytest.LogCaptureFixture,
    address: str,
) -> None:
    names["agent.example"] = [[address]]
    server = answer()
    outcome = post(strict, server.url("agent.example"))
    assert outcome.error is not None
    assert outcome.error.code == "refused_by_policy"
    assert "agent.example does not lead to public addresses alone" in outcome.error.message
    assert address not in outcome.error.message  # whoever reads it may be a stranger to the network
    assert f"agent.example leads to {address}, which is not permitted" in caplog.text
    assert server.connects == 0


@pytest.mark.parametrize("addresses", [["93.184.215.14", "127.0.0.1"], ["127.0.0.1", "1.1.1.1"]])
def test_refuses_if_any_of_the_addresses_is_not_permitted(
    strict: Client, answer: "Callable[..., Server]", names: Names, addresses: list[str]
) -> None:
    names["agent.example"] = [addresses]
    server = answer()
    assert code_of(post(strict, server.url("agent.example"))) == "refused_by_policy"
    assert server.connects == 0


def test_resolves_once_so_that_a_second_answer_cannot_matter(
    answer: "Callable[..., Server]", names: Names
) -> None:
    names["agent.example"] = [["127.0.0.2"], ["127.0.0.1"]]
    server = answer()
    with Client(EndpointPolicy.from_entries(("127.0.0.2/32",))) as client:
        outcome = post(client, server.url("agent.example"))
    assert code_of(outcome) == "connection_refused"
    assert names["agent.example"] == [["127.0.0.1"]]
    assert server.connects == 0


def test_a_name_that_rebinds_between_calls_is_refused(
    answer: "Callable[..., Server]", names: Names
) -> None:
    names["agent.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    server = answer()
    with Client(EndpointPolicy.from_entries(("127.0.0.1/32",))) as client:
        assert post(client, server.url("agent.example")).succeeded
        client.close()
        assert code_of(post(client, server.url("agent.example"))) == "refused_by_policy"
    assert server.connects == 1


def test_refuses_when_the_peer_is_not_who_was_vetted(answer: "Callable[..., Server]") -> None:
    class OnlyOnce(EndpointPolicy):
        """Permits the first address it is asked about, which is the one before connecting."""

        asked = 0

        def allows(self, host: str, address: str) -> bool:
            OnlyOnce.asked += 1
            return OnlyOnce.asked == 1

    server = answer()
    with Client(OnlyOnce()) as client:
        assert code_of(post(client, server.url())) == "refused_by_policy"
    assert server.requests == []


def test_tries_the_next_address_if_nothing_listens_at_the_first(
    client: Client, answer: "Callable[..., Server]", names: Names
) -> None:
    names["agent.example"] = [["127.0.0.9", "127.0.0.1"]]
    assert post(client, answer().url("agent.example")).remote_address == "127.0.0.1"


def test_a_listed_name_may_have_a_private_address(
    answer: "Callable[..., Server]", names: Names
) -> None:
    names["agent.internal"] = [["127.0.0.1"]]
    names["other.internal"] = [["127.0.0.1"]]
    server = answer()
    with Client(EndpointPolicy.from_entries(("agent.internal",))) as client:
        assert post(client, server.url("agent.internal")).succeeded
        assert code_of(post(client, server.url("other.internal"))) == "refused_by_policy"


def test_says_that_a_name_does_not_exist(client: Client, names: Names) -> None:
    outcome = post(client, "https://nowhere.example/")
    assert outcome.error is not None
    assert outcome.error.code == "name_not_resolved"
    assert "nowhere.example could not be found" in outcome.error.message
    assert names == {}


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.:1@h"])
def test_odd_spellings_of_an_address_reach_nobody(
    client: Client, answer: "Callable[..., Server]", host: str
) -> None:
    """Even a client that may call loopback does not take them: it would not know what it reads."""
    server = answer()
    assert code_of(post(client, server.url(host))) == "invalid_url"
    assert server.connects == 0


def test_a_name_server_that_hangs_is_cut_at_the_deadline(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = Event()

    def hang(*_: object, **__: object) -> list[object]:
        released.wait(100)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    outcome = post(client, "http://slow-names.example/", timeout_seconds=0.3)
    elapsed = time.monotonic() - started
    released.set()
    assert code_of(outcome) == "timeout"
    assert 0.3 <= elapsed <= 50
