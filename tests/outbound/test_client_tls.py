"""HTTPS: the certificate is checked against the name, on the address that was vetted."""

import ssl
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from opensink_web.outbound.client import Call, Client, Response
from opensink_web.outbound.destination import Destination
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.outbound.tls_words import handshake_sentence
from tests.outbound.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.outbound.conftest import Peer, Serve
    from tests.support.authority import Authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POLICY = EndpointPolicy.from_entries(("127.0.0.0/8",))
Names = dict[str, list[list[str]]]


def post(
    client: Client, url: str, *, body: bytes = b"{}", timeout_seconds: float = PATIENCE_SECONDS
) -> Response:
    return client.send(Call("POST", url, (), body, timeout_seconds))


def echo_ok(peer: "Peer") -> None:
    while peer.read_request():
        peer.send(OK)


@pytest.fixture
def trusting(authority: "Authority") -> Iterator[Client]:
    """A client that trusts the private CA."""
    with Client(POLICY, ca_bundle=authority.bundle) as made:
        yield made


def test_sends_the_name_and_accepts_its_certificate(
    trusting: Client, serve: "Serve", authority: "Authority", names: Names
) -> None:
    asked: list[str | None] = []
    context = authority.server_context()
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    names["agent.example"] = [["127.0.0.1"]]
    server = serve(echo_ok, tls=context)
    assert post(trusting, server.url("agent.example")).succeeded
    assert post(trusting, server.url("agent.example"), body=b"x" * 500_000).succeeded
    assert (asked, server.connects) == (["agent.example"], 1)


def test_accepts_a_certificate_for_the_address(
    trusting: Client, serve: "Serve", authority: "Authority"
) -> None:
    server = serve(echo_ok, tls=authority.server_context())
    assert post(trusting, server.url()).remote_address == "127.0.0.1"


def test_refuses_a_certificate_for_another_name(
    trusting: Client, serve: "Serve", authority: "Authority", names: Names
) -> None:
    names["other.example"] = [["127.0.0.1"]]
    outcome = post(trusting, serve(echo_ok, tls=authority.server_context()).url("other.example"))
    assert outcome.error is not None
    assert outcome.error.code == "tls_error"
    assert outcome.error.message.startswith("The certificate of other.example is for another name.")


def test_refuses_a_certificate_of_an_unknown_authority(
    client: Client, serve: "Serve", authority: "Authority"
) -> None:
    outcome = post(client, serve(echo_ok, tls=authority.server_context()).url())
    assert outcome.error is not None
    assert outcome.error.code == "tls_error"
    assert "signed by an authority that is not known here" in outcome.error.message
    assert "OUTBOUND_CA_BUNDLE" in outcome.error.message


def test_says_so_when_the_endpoint_does_not_speak_tls(trusting: Client, serve: "Serve") -> None:
    def script(peer: "Peer") -> None:
        peer.connection.recv(1000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = serve(script)
    outcome = post(trusting, server.url().replace("http:", "https:"))
    assert outcome.error is not None
    assert outcome.error.code == "tls_error"
    assert outcome.error.message == (
        f"127.0.0.1:{server.port} does not speak HTTPS: what answers there is plain HTTP or "
        "something else. Write http:// in the URL, or the port of HTTPS."
    )


def test_says_so_when_the_endpoint_wants_a_certificate_of_its_callers(
    trusting: Client, serve: "Serve", authority: "Authority"
) -> None:
    context = authority.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.bundle)
    url = serve(echo_ok, tls=context).url()
    # in TLS 1.3 it says so only when the call is on its way, which may end in a reset instead
    messages: list[str] = []
    while not any("wants a certificate of its callers" in each for each in messages):
        outcome = post(trusting, url)
        assert outcome.error is not None
        messages.append(outcome.error.message)
        assert len(messages) < 50, messages


def test_says_so_when_the_endpoint_speaks_old_versions_alone() -> None:
    destination = Destination("https", "old.example", 443, "/", None)
    for reason in ("TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL"):
        assert "only old versions of TLS" in handshake_sentence(reason, destination)
    assert handshake_sentence("SOME_NEW_REASON", destination) == (
        "There is no secure connection to old.example:443: some new reason."
    )


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.1", "127.0.0.2"]])
def test_a_handshake_that_trickles_is_cut_at_the_deadline(
    trusting: Client, serve: "Serve", names: Names, addresses: list[str]
) -> None:
    """And not before it: an address shares the time with the others only until it is connected."""

    def script(peer: "Peer") -> None:
        peer.connection.recv(1000)
        peer.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 10_000)

    names["agent.example"] = [addresses]
    url = serve(script).url("agent.example").replace("http:", "https:")
    started = time.monotonic()
    outcome = post(trusting, url, timeout_seconds=0.4)
    assert 0.4 <= time.monotonic() - started <= 50
    assert outcome.error is not None
    assert outcome.error.code == "timeout"


def test_a_body_that_trickles_is_cut_at_the_deadline(
    trusting: Client, serve: "Serve", authority: "Authority"
) -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        peer.drip(b"x" * 10_000)

    started = time.monotonic()
    url = serve(script, tls=authority.server_context()).url()
    for seconds in (1.5, 15, 45):
        outcome = post(trusting, url, timeout_seconds=seconds)
        if outcome.status_code is not None:
            break  # on a busy machine the handshake may have taken all the time
    assert time.monotonic() - started <= 50
    assert outcome.error is not None
    assert (outcome.error.code, outcome.status_code) == ("timeout", 200)


def test_an_endpoint_that_closes_while_we_send_has_no_trouble_with_tls(
    trusting: Client, serve: "Serve", authority: "Authority"
) -> None:
    """Its answer is read, unless the system has thrown that away."""

    def script(peer: "Peer") -> None:
        peer.connection.recv(1000)
        peer.send(b"HTTP/1.1 413 Too much\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")

    server = serve(script, tls=authority.server_context())
    outcome = post(trusting, server.url(), body=b"x" * 10_000_000, timeout_seconds=100)
    assert outcome.status_code == 413 or (
        outcome.error is not None and outcome.error.code == "connection_lost"
    )


def test_a_flood_is_cut_at_64_kib(trusting: Client, serve: "Serve", authority: "Authority") -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not peer.stopped.is_set():
            peer.send(b"x" * 10_000)

    outcome = post(trusting, serve(script, tls=authority.server_context()).url())
    assert (outcome.status_code, outcome.body_truncated, outcome.error) == (200, True, None)


def test_refuses_tls_below_1_2(trusting: Client, serve: "Serve", authority: "Authority") -> None:
    context = authority.server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    outcome = post(trusting, serve(echo_ok, tls=context).url())
    assert outcome.error is not None
    assert outcome.error.code == "tls_error"
