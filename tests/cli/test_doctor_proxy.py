"""`opensink doctor` behind a reverse proxy: it calls PUBLIC_URL and names what gets lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.support.opensink_up import Opensink
from tests.support.reverse_proxy import ReverseProxy

pytestmark = pytest.mark.server

PATH = "/sink"
RIGHT = {"X-Forwarded-For": "127.0.0.1"}


@pytest.fixture(scope="module")
def behind(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path
) -> Iterator[tuple[Opensink, ReverseProxy]]:
    opensink = Opensink(tmp_path_factory.mktemp("behind") / "var")
    opensink.begin_with(migrated_sqlite)
    with ReverseProxy(opensink.port, PATH) as proxy:
        variables = {"PUBLIC_URL": proxy.url, "TRUSTED_PROXIES": "1"}
        opensink.up("--workers", "1", variables=variables)
        yield opensink, proxy
        opensink.end()


@pytest.fixture
def proxy(behind: tuple[Opensink, ReverseProxy]) -> ReverseProxy:
    """The proxy, without a mistake until the test makes one."""
    proxy = behind[1]
    proxy.path, proxy.host, proxy.timeout_seconds = PATH, None, 60
    proxy.adds, proxy.drops, proxy.loses = dict(RIGHT), set(), set()
    return proxy


Doctor = Callable[..., str]


@pytest.fixture
def doctor(behind: tuple[Opensink, ReverseProxy], proxy: ReverseProxy) -> Doctor:
    def look(*options: str, **variables: str) -> str:
        opensink = behind[0]
        usual = {"PUBLIC_URL": proxy.origin + PATH, "TRUSTED_PROXIES": "1"}
        usual["PORT"] = str(opensink.port)
        found = opensink.run("doctor", *options, variables=usual | variables)
        assert "Traceback" not in found.stderr
        return found.stdout

    return look


def test_a_proxy_without_a_mistake(proxy: ReverseProxy, doctor: Doctor) -> None:
    for proxy.strips in (True, False):
        found = doctor()
        assert "ok    public URL: What is sent there arrives here unchanged" in found
        assert "fail" not in found


def lose_host(proxy: ReverseProxy) -> None:
    proxy.host = "127.0.0.1"


def add_tls(proxy: ReverseProxy) -> None:
    proxy.adds["X-Forwarded-Proto"] = "https"


def say_no_address(proxy: ReverseProxy) -> None:
    proxy.adds = {}


def lose_cookies(proxy: ReverseProxy) -> None:
    proxy.loses = {"set-cookie"}


def lose_redirects(proxy: ReverseProxy) -> None:
    proxy.loses = {"location"}


def lead_elsewhere(proxy: ReverseProxy) -> None:
    proxy.path = "/elsewhere"


def lose_the_doctors_token(proxy: ReverseProxy) -> None:
    proxy.drops = {"x-opensink-doctor"}


@pytest.mark.parametrize(
    ("mistake", "verdict", "sentence"),
    [
        (lose_host, "warn", "proxy_set_header Host $http_host"),
        (add_tls, "fail", "PUBLIC_URL begins with http://"),
        (say_no_address, "warn", "no X-Forwarded-For arrives"),
        (say_no_address, "fail", "Callers can choose the address"),
        (lose_cookies, "fail", "is lost on the way"),
        (lose_redirects, "fail", "have the proxy leave Location unchanged"),
        (lead_elsewhere, "warn", "is not this server (status 404)"),
        (lose_the_doctors_token, "warn", "is not this server (status 404)"),
    ],
)
def test_each_mistake_is_named(
    proxy: ReverseProxy,
    doctor: Doctor,
    mistake: Callable[[ReverseProxy], None],
    verdict: str,
    sentence: str,
) -> None:
    mistake(proxy)
    lines = [line for line in doctor().splitlines() if sentence in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"{verdict}  public URL: ")


def test_a_proxy_that_nobody_named(proxy: ReverseProxy, doctor: Doctor) -> None:
    assert "set TRUSTED_PROXIES=" in doctor(TRUSTED_PROXIES="")


def test_an_answer_that_takes_as_long_as_a_wait(proxy: ReverseProxy, doctor: Doctor) -> None:
    proxy.timeout_seconds = 4
    assert "proxy_read_timeout" in doctor("--wait")


def test_nobody_else_is_told_what_arrives(proxy: ReverseProxy, tmp_path: Path) -> None:
    for headers in ({}, {"X-OpenSink-Doctor": "made up"}):
        answer = requests.get(f"{proxy.url}/healthz/seen", headers=headers, timeout=60)
        assert answer.status_code == 404
        assert "X-Forwarded" not in answer.text
