"""Where results may be sent to: asked when a URL is submitted, and again at the connection."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from opensink_web.outbound import callback_policy
from opensink_web.outbound.callback_policy import CallbackPolicy
from opensink_web.outbound.client import Call, Client, Response
from tests.outbound.conftest import PATIENCE_SECONDS
from tests.outbound.test_policy import METADATA, SPECIAL_ADDRESSES
from tests.outbound.test_urls import HONEST_URLS, HOSTILE_ANSWERS, HOSTILE_URLS
from tests.support.watched import watched

if TYPE_CHECKING:
    from tests.outbound.conftest import Peer, Serve, Server
    from tests.support.authority import Authority

ANY = CallbackPolicy(("*",))
Names = dict[str, list[list[str]]]


def post(client: Client, url: str) -> Response:
    return client.send(Call("POST", url, (), b"{}", PATIENCE_SECONDS))


def refusal_of(outcome: Response) -> str:
    assert outcome.error is not None
    assert outcome.error.code == "refused_by_policy"
    return outcome.error.message


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every name is at 1.1.1.1; returns the names that were asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


class TestWhenSubmitted:
    def test_without_hosts_callbacks_are_disabled(self, lookups: list[str]) -> None:
        reason = CallbackPolicy(()).check_url("https://app.example.com/done")
        assert reason == (
            "Callbacks are disabled on this server. "
            "Whoever runs it can permit hosts with CALLBACK_URL_HOSTS."
        )
        assert lookups == []

    def test_addresses_alone_enable_nothing(self) -> None:
        assert CallbackPolicy((), ("10.0.0.0/8",)).check_url("https://10.0.0.1/") is not None

    @pytest.mark.usefixtures("lookups")
    def test_any_host_may_be_permitted(self) -> None:
        for url in HONEST_URLS:
            assert url.startswith("http:") or ANY.check_url(url) is None, url

    def test_hostile_urls_are_refused_in_a_sentence(self, names: Names) -> None:
        names["localhost"] = [["127.0.0.1"]]
        secured = [url.replace("http://", "https://", 1) for url in HOSTILE_URLS]
        for url in (*HOSTILE_URLS, *secured, "http://example.com/", "HTTP://1.1.1.1/"):
            reason = ANY.check_url(url)
            assert reason is not None, url
            assert reason.endswith("."), url
            assert reason.isprintable(), url

    @pytest.mark.usefixtures("lookups")
    def test_a_listed_host_is_permitted_however_it_is_written(self) -> None:
        policy = CallbackPolicy(("app.example.com", "xn--bcher-kva.example", "8.8.8.8", "2a00::1"))
        spelled = ("app.example.com", "APP.Example.com.", "bücher.example", "8.8.8.8", "[2a00::1]")
        for host in spelled:
            assert policy.check_url(f"https://{host}:8443/done?x=1") is None

    def test_every_other_host_is_refused_by_name(self, lookups: list[str]) -> None:
        policy = CallbackPolicy(("app.example.com",))
        for host in ("x.app.example.com", "app.example.com.evil.example", "example.com", "1.1.1.1"):
            assert policy.check_url(f"https://{host}/") == (
                f"Callbacks to {host} are not permitted. "
                "Whoever runs this server can permit the host with CALLBACK_URL_HOSTS."
            )
        assert lookups == []

    @pytest.mark.parametrize("name", HOSTILE_ANSWERS)
    def test_a_name_with_an_address_that_is_not_public_is_refused(
        self, name: str, names: Names
    ) -> None:
        names[name] = [HOSTILE_ANSWERS[name]]
        for policy in (CallbackPolicy(("*",)), CallbackPolicy((name,))):
            told = str(policy.check_url(f"https://{name}/"))
            assert "CALLBACK_ALLOW_CIDRS" in told
            told = told.replace(name, "")
            assert not [each for each in HOSTILE_ANSWERS[name] if each in told]

    @pytest.mark.parametrize("address", [*SPECIAL_ADDRESSES[:40], *METADATA])
    def test_a_listed_name_permits_no_address(self, address: str) -> None:
        assert not CallbackPolicy(("app.example.com",)).allows("app.example.com", address)

    def test_a_cidr_permits_its_addresses_and_no_metadata(self, names: Names) -> None:
        policy = CallbackPolicy(("*",), ("10.20.0.0/16", "169.254.0.0/16"))
        names.update({"in.example": [["10.20.0.1"]], "out.example": [["10.20.0.1", "10.21.0.1"]]})
        assert policy.check_url("https://in.example/") is None
        assert "out.example does not lead" in str(policy.check_url("https://out.example/"))
        assert policy.check_url("https://169.254.169.254/") is not None

    @pytest.mark.usefixtures("names")
    def test_a_name_that_is_not_there_is_refused(self) -> None:
        reason = CallbackPolicy(("*",)).check_url("https://nowhere.example/")
        assert reason == ("The name nowhere.example could not be found. Check the callback's URL.")

    def test_a_name_server_that_is_silent_is_not_waited_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answered = threading.Event()

        def getaddrinfo(*_: object, **__: object) -> list[object]:
            answered.wait(100)
            return []

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        monkeypatch.setattr(callback_policy, "LOOKUP_TIMEOUT_SECONDS", 0.1)
        started = time.monotonic()
        reason = CallbackPolicy(("*",)).check_url("https://slow.example/")
        answered.set()
        assert time.monotonic() - started < 50
        assert reason is not None
        assert "could not be looked up in time" in reason


class TestAskingTheNameServer:
    def test_many_submissions_at_once_ask_once(self, lookups: list[str]) -> None:
        policy = CallbackPolicy(("*",))
        with ThreadPoolExecutor(16) as threads:
            urls = [f"https://app.example.com:{8000 + n % 5}/done/{n}" for n in range(1000)]
            assert set(threads.map(policy.check_url, urls)) == {None}
        assert lookups == ["app.example.com"]

    def test_an_answer_is_remembered_for_a_while_and_a_refusal_for_less(
        self, names: Names, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moment = 0.0
        monkeypatch.setattr(callback_policy, "time", SimpleNamespace(monotonic=lambda: moment))
        names["app.example.com"] = [["10.0.0.1"], ["1.1.1.1"], ["10.0.0.2"]]
        policy = CallbackPolicy(("*",))
        monkeypatch.setattr(policy, "refusal", lambda _host, address: address)
        found = []
        for moment in (0.0, 1.9, 2.0, 31.9, 32.0):  # noqa: B007 - the policy's clock reads it
            found += [policy.check_url("https://app.example.com/")]
        assert found == ["10.0.0.1", "10.0.0.1", None, None, "10.0.0.2"]

    def test_of_many_hosts_only_some_are_remembered(
        self, lookups: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(callback_policy, "REMEMBERED_HOSTS", 2)
        policy = CallbackPolicy(("*",))
        for host in ("a.example", "b.example", "c.example", "b.example", "a.example"):
            assert policy.check_url(f"https://{host}/") is None
        assert lookups == ["a.example", "b.example", "c.example", "a.example"]


class TestAtTheConnection:
    @pytest.fixture
    def private(self, authority: "Authority") -> Iterator[Client]:
        """A client for callbacks to one host on a private network, whose CA it trusts."""
        policy = CallbackPolicy(("agent.example", "127.0.0.1"), ("127.0.0.1/32",))
        with Client(policy, authority.bundle) as made:
            yield made

    @pytest.fixture
    def server(self, serve: "Serve", authority: "Authority") -> "Server":
        def script(peer: "Peer") -> None:
            while peer.read_request():
                peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")

        return serve(script, tls=authority.server_context())

    def test_a_permitted_url_is_called_over_tls(
        self, private: Client, server: "Server", names: Names
    ) -> None:
        names["agent.example"] = [["127.0.0.1"]]
        assert post(private, server.url("agent.example")).status_code == 204

    def test_the_usual_authorities_are_still_trusted(self, private: Client) -> None:
        tls = private._tls
        assert len(tls.get_ca_certs()) > 50

    def test_what_rebinds_after_it_was_submitted_is_refused(
        self, server: "Server", authority: "Authority", names: Names
    ) -> None:
        policy = CallbackPolicy(("agent.example",))
        names["agent.example"] = [["1.1.1.1"], ["127.0.0.1"]]
        assert policy.check_url(server.url("agent.example")) is None
        with Client(policy, authority.bundle) as client, watched("socket.connect") as connects:
            refused = refusal_of(post(client, server.url("agent.example")))
        assert "agent.example does not lead to public addresses alone" in refused
        assert connects == []

    def test_a_host_that_is_no_longer_listed_is_not_looked_up(
        self, private: Client, lookups: list[str]
    ) -> None:
        assert "CALLBACK_URL_HOSTS" in refusal_of(post(private, "https://other.example/"))
        assert lookups == []

    def test_plain_http_is_refused(self, private: Client, answer: "Callable[..., Server]") -> None:
        server = answer()
        assert "https://" in refusal_of(post(private, server.url()))
        assert server.connects == 0

    def test_a_redirect_is_not_followed(
        self, private: Client, serve: "Serve", authority: "Authority", names: Names
    ) -> None:
        names["agent.example"] = [["127.0.0.1"]]
        target = serve(lambda peer: None)

        def script(peer: "Peer") -> None:
            peer.read_request()
            location = f"Location: {target.url()}\r\n".encode()
            peer.send(b"HTTP/1.1 307 -\r\n" + location + b"Content-Length: 0\r\n\r\n")

        server = serve(script, tls=authority.server_context())
        outcome = post(private, server.url("agent.example"))
        assert (outcome.status_code, outcome.succeeded, target.connects) == (307, False, 0)
