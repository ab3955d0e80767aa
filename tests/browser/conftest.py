"""A real browser on a real server: Chromium through Playwright, and all parts of `opensink up`.

A page that logs an error on its console, or throws one, fails the test that opened it.
"""

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from opensink_web.settings import UNDO_SECONDS_MAX
from tests.conftest import PASSWORD
from tests.support.forked_site import ForkedSite
from tests.support.oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer

PATIENCE_MS = 60_000
"""How long a page may take beside busy neighbours; it costs nothing when it comes sooner."""
expect.set_options(timeout=PATIENCE_MS)

EMAIL = "alice@example.com"
EXPECTED_ERRORS = tuple(f"with a status of {status}" for status in (400, 401, 403, 409, 422))
"""What Chromium logs when a form is refused, as it should be."""


@dataclass(frozen=True)
class Site:
    """The running server, with an admin and a key that may do everything."""

    url: str
    api_key: str
    data_dir: Path
    workspace: str = "main"
    cookies: dict[str, str] = field(default_factory=dict)
    """Those of Alice's newest sign-in, whether it still lasts or not."""

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Call the API as an agent does."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("PATCH", path, body)

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        url = f"{self.url}/api/v1{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def ask(
        self, schema: dict[str, Any], *, endpoint: dict[str, Any] | None = None, **fields: str
    ) -> dict[str, str]:
        """Have an agent ask; return its ids."""
        agent = self.post("/agents", {"name": "Trader", "execution_endpoint": endpoint})
        session = self.post("/agent-sessions", {"agent_id": agent["id"]})
        question = {"key": "approval", "title": "Buy 10 shares?", "message": "**Now**"} | fields
        ids = {"session_id": session["id"], "agent_id": agent["id"]}
        request = self.post("/agent-session-input-requests", ids | question | {"schema": schema})
        return ids | {"request_id": request["id"]}

    def execute_batch(self, url: str, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Have a function of its own, at this URL, executed as a batch; return what was taken on.

        `name` is the function's.
        """
        name = f"f{uuid4().hex}"
        target = {"kind": "http", "url": url}
        body = {"namespace": "browser", "name": name, "target": target, "timeout_seconds": 300}
        self.post("/functions", body)
        answer = requests.post(
            f"{self.url}/functions/browser/{name}/execute/batch",
            json={"inputs": inputs, "trigger_id_prefix": "browser"},
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=60,
        )
        assert answer.ok, answer.text
        return {**answer.json(), "name": name}

    def empty_inbox(self) -> None:
        """Take back all that waits for an answer; a session that has failed would keep it."""
        pending = "/agent-session-input-requests?status=pending&$limit=100"
        while waiting := self.get(pending)["items"]:
            for request in waiting:
                if request["session_id"] is not None:
                    self.post(f"/agent-session-input-requests/{request['id']}/cancel", {})
                    continue
                answer = requests.post(
                    f"{self.url}/executions/{request['execution_id']}/cancel",
                    headers={"Authorization": f"Bearer {self.api_key}"},
                    timeout=60,
                )
                assert answer.ok, answer.text

    def page(self, path: str) -> str:
        return f"{self.url}/w/{self.workspace}{path}"


@contextmanager
def site_of(opensink: ForkedSite, *, url: str = "", **variables: str) -> Iterator[Site]:
    """Start everything, with an admin and their key; it ends with the block."""
    opensink.start(variables)
    try:
        user = ("user", "create", EMAIL, "--role", "admin", "--password-stdin")
        assert opensink.run(*user, text=PASSWORD).returncode == 0
        key = ("api-key", "create", "--user", EMAIL, "--name", "tests", "--scope", "all:all")
        made = opensink.run(*key)
        assert made.returncode == 0, made.stderr
        at = url or f"http://127.0.0.1:{opensink.port}"
        yield Site(at, made.stdout.strip(), opensink.data_dir)
    finally:
        opensink.kill()


@pytest.fixture(scope="session")
def site(oidc_server: OidcServer, migrated_sqlite: Path) -> Iterator[Site]:
    provider = {"OIDC_ISSUER": oidc_server.issuer, "OIDC_NAME": "Acme"}
    client = {"OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
    client["NOTIFICATION_HOSTS"] = "127.0.0.0/8"
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="osbrowser"))
        opensink = ForkedSite(Path(folder) / "var")
        opensink.begin_with(migrated_sqlite)
        yield stack.enter_context(site_of(opensink, **provider, **client))


HOLDING = {"UNDO_SECONDS": str(UNDO_SECONDS_MAX)}
"""Of a server that holds decisions for as long as can be: no page is slower than that."""


@pytest.fixture(scope="session")
def holding_opensink(migrated_sqlite: Path) -> Iterator[ForkedSite]:
    """For `holding_site`; a test that ends it starts it again."""
    with tempfile.TemporaryDirectory(prefix="osholds") as folder:
        opensink = ForkedSite(Path(folder) / "var")
        opensink.begin_with(migrated_sqlite)
        yield opensink


@pytest.fixture(scope="session")
def holding_site(holding_opensink: ForkedSite) -> Iterator[Site]:
    """A server on which a decision is held until `end_holding`."""
    with site_of(holding_opensink, **HOLDING) as site:
        yield site


def end_holding(site: Site) -> None:
    """Let the time pass in which decisions can be undone."""
    with closing(sqlite3.connect(site.data_dir / "opensink.sqlite3", timeout=60)) as database:
        database.execute("UPDATE deadlines SET next_at = '2020-01-01 00:00:00.000000'")
        database.commit()


@pytest.fixture
def context(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=site.url)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that nobody is signed in on."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield page
    unexpected = [line for line in errors if not any(known in line for known in EXPECTED_ERRORS)]
    assert unexpected == []


@pytest.fixture
def signed_in(page: Page, site: Site) -> Page:
    """An empty page in a browser that Alice has signed in with."""
    let_in(page.context, site)
    return page


def let_in(context: BrowserContext, site: Site) -> None:
    """Have Alice signed in without drawing a page for it; a sign-in that lasts serves again."""
    account = f"{site.url}/account"
    answer = requests.get(account, cookies=site.cookies, timeout=60, allow_redirects=False)
    if answer.status_code != 200:
        renew_sign_in(site)
    context.add_cookies(
        [{"name": name, "value": value, "url": site.url} for name, value in site.cookies.items()]
    )


def renew_sign_in(site: Site) -> None:
    """Send the form of the sign-in, and keep the cookies."""
    address = f"{site.url}/sign-in"
    with requests.Session() as client:
        form = client.get(address, timeout=60).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token is not None, form
        fields = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
        answer = client.post(address, data=fields, allow_redirects=False, timeout=60)
        assert answer.status_code == 303, answer.text
        site.cookies.update(client.cookies.items())


def sign_in(page: Page, *, on_the_way: bool = False, email: str = EMAIL) -> None:
    """Sign Alice in as she does, or somebody else; if on the way to somewhere, on this page."""
    if not on_the_way:
        page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    if not on_the_way:
        page.wait_for_url("**/inbox")
