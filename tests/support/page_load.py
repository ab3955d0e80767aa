"""What a browser fetches to show a page: each request, and its bytes as they came over the wire."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

_KINDS = {
    "Document": "document",
    "Stylesheet": "style",
    "Script": "script",
    "Image": "pictures",
    "XHR": "news",
}
_TIMES = """() => new Promise((resolve) => {
  const paint = () => performance.getEntriesByType("paint")[0];
  const wait = () => {
    const [navigation] = performance.getEntriesByType("navigation");
    if (!paint() || !navigation.loadEventEnd) return setTimeout(wait, 10);
    resolve([paint().startTime, navigation.domContentLoadedEventEnd]);
  };
  wait();
})"""


@dataclass
class Fetched:
    """What was asked for while a page opened; what the browser had is left out."""

    requests: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Kind and address of each, by the browser's id."""
    sizes: Counter[str] = field(default_factory=Counter)
    """Bytes of each, heads of answers too."""

    @property
    def count(self) -> int:
        return len(self.requests)

    @property
    def kilobytes(self) -> float:
        return sum(self.sizes[each] for each in self.requests) / 1000

    @property
    def addresses(self) -> list[str]:
        return [address for _, address in self.requests.values()]

    def kilobytes_of(self, kind: str) -> float:
        named = [each for each, (of, _) in self.requests.items() if of == kind]
        return sum(self.sizes[each] for each in named) / 1000

    def without_news(self) -> "Fetched":
        """Return what the page itself is made of: when something has changed depends on others."""
        made_of = {
            name: (kind, address)
            for name, (kind, address) in self.requests.items()
            if kind not in {"live", "news"}
        }
        return Fetched(made_of, self.sizes)

    def lines(self) -> list[str]:
        """Return a line for each request, for whoever reads why it is so many."""
        return [
            f"{self.sizes[name] / 1000:8.2f} KB  {kind:10} {address}"
            for name, (kind, address) in self.requests.items()
        ]

    def asked(self, event: dict[str, Any]) -> None:
        kind = _KINDS.get(event.get("type", ""), "other")
        address = event["request"]["url"]
        if address.partition("?")[0].endswith("/live"):
            kind = "live"
        if not address.startswith("data:"):
            self.requests[event["requestId"]] = (kind, address)

    def forget(self, event: dict[str, Any]) -> None:
        self.requests.pop(event["requestId"], None)

    def responded(self, event: dict[str, Any]) -> None:
        response = event["response"]
        if response.get("fromDiskCache") or response.get("fromPrefetchCache"):
            self.forget(event)

    def finished(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] = event["encodedDataLength"]


@contextmanager
def fetching(page: Page) -> Iterator[Fetched]:
    """Note what a page fetches until the block ends."""
    fetched = Fetched()
    session = page.context.new_cdp_session(page)
    session.on("Network.requestWillBeSent", fetched.asked)
    session.on("Network.requestServedFromCache", fetched.forget)
    session.on("Network.responseReceived", fetched.responded)
    session.on("Network.loadingFinished", fetched.finished)
    session.send("Network.enable")
    yield fetched
    session.detach()


@dataclass(frozen=True)
class Times:
    """When a page was first painted, and ready, counted from the click that leads to it."""

    first_paint_ms: float
    ready_ms: float


def times_of(page: Page) -> Times:
    """Wait until a page is painted and loaded."""
    return Times(*page.evaluate(_TIMES))
