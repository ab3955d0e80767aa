"""Watches a page while hostile text is on it: what ran, what was loaded, what the page became."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Request

from tests.browser.conftest import EXPECTED_ERRORS
from tests.support.http_server import HttpServer, Received, Reply

MARK = "\u203b"
"""Stands in every text of agents and endpoints, so that it is found where it is drawn."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)
_SCRIPTS = Path(__file__).parent / "watch"
OBSERVE = (_SCRIPTS / "observe.js").read_text(encoding="utf-8")
EXAMINE = (_SCRIPTS / "examine.js").read_text(encoding="utf-8")
REACH = (_SCRIPTS / "reach.js").read_text(encoding="utf-8")


NARROWEST = 320
"""In pixels: a small phone, or any screen on which somebody reads at 400 %."""


class Canary(HttpServer):
    """A server that hostile text points at; whatever it hears is kept."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @property
    def netloc(self) -> str:
        return self.origin.removeprefix("http://")

    def respond(self, received: Received) -> Reply:
        self.heard.append(f"{received.method} {received.path}")
        return Reply(204)


def polls_of(path: str) -> list[str]:
    """Return what the page at this path may ask for by itself."""
    asked = [path, f"{path}/live", f"{path}/draft", f"{path}/counts"]
    if path.startswith("/w/"):
        asked.append("/".join([*path.split("/")[:3], "live"]))
    return asked


@dataclass
class Watch:
    """A browser's only page, and each thing it did that nothing of ours makes it do."""

    context: BrowserContext
    canary: Canary
    _faults: list[str] = field(default_factory=list)
    _path: str = ""
    _path_before: str = ""

    def __post_init__(self) -> None:
        self.context.add_init_script(OBSERVE)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self._faults.append(f"pageerror: {error}"))
        self.page.on("console", self._note_console)
        self.page.on("dialog", self._note_dialog)
        self.context.on("request", self._note_request)

    def open(self, path: str) -> None:
        """Go to a page, which must come with the policy and nothing but it."""
        self._path_before, self._path = self._path, urlsplit(path).path
        answer = self.page.goto(path)
        policy = answer.headers.get("content-security-policy") if answer else None
        if policy != POLICY:
            self._faults.append(f"header: {policy}")

    def faults(self) -> Iterator[str]:
        """Give everything that was out of order since the last time, each with its kind first."""
        found = self.page.evaluate(EXAMINE, {"mark": MARK, "polls": polls_of(self._path)})
        heard = [f"canary: {line}" for line in self.canary.heard]
        for fault in [*found, *self._faults, *heard]:
            yield f"{self._path} {fault}"
        self._faults.clear()
        self.canary.heard.clear()

    def _note_dialog(self, dialog: Dialog) -> None:
        self._faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note_console(self, line: ConsoleMessage) -> None:
        # Chromium's own, on forms, and on what htmx has given the focus already
        is_advice = line.text.startswith(("[DOM] ", "Autofocus processing was blocked"))
        if not is_advice and not any(expected in line.text for expected in EXPECTED_ERRORS):
            self._faults.append(f"console: {line.text[:200]}")

    def _note_request(self, request: Request) -> None:
        url, here = urlsplit(request.url), urlsplit(self.page.url)
        # a page that is left may have sent its last poll already
        paths = (self._path, self._path_before)
        places = {place for path in paths for place in polls_of(path)}
        is_ours = url.path.startswith("/static/") or url.path in places
        is_here = here.netloc in {"", url.netloc} and url.netloc != self.canary.netloc
        # whoever has a comment before their eyes that mentions them has read it
        is_seen = request.method == "POST" and url.path in {
            f"{path}/mention/seen" for path in paths
        }
        if not is_here or not (is_seen or (is_ours and request.method == "GET")):
            self._faults.append(f"request: {request.method} {request.url[:200]}")
