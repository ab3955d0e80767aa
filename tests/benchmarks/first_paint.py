"""What a page takes to open in a browser: requests, bytes, and the time until something is seen.

    CHROMIUM=/usr/bin/chromium-headless-shell \\
        .venv/bin/python -m tests.benchmarks.first_paint [--runs 9] [--each]

Cold is a browser that was never here, warm one that has been at another page before. The floor is
the server's smallest answer, which the browser shows as text: what is below it is the browser's.
Exits with 1 when a goal is missed; `--each` prints every request of the first opening.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.benchmarks.hundred_decisions import site_of
from tests.browser.conftest import Site, let_in
from tests.support.opensink_up import Opensink
from tests.support.page_load import Fetched, Times, fetching, times_of
from tests.support.quick_reviewer import ask_mixed

ROWS = 50
REQUESTS_MAX = 8
KILOBYTES_MAX = 60
FIRST_PAINT_MS = 250
FLOOR = "/healthz"
_SETTLED_MS = 700
"""From the page's being loaded to its having asked for what is new."""
KINDS = ("document", "style", "script", "pictures", "live", "news", "other")


@dataclass(frozen=True)
class Opening:
    fetched: Fetched
    times: Times


def main() -> None:
    """Open each page several times, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--each", action="store_true", help="print every request")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ospaint") as folder:
        opensink = Opensink(Path(folder) / "var")
        opensink.up("--workers", "1")
        try:
            site = site_of(opensink)
            pages = _pages(site)
            with sync_playwright() as playwright:
                path = os.environ.get("CHROMIUM")
                browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
                is_met = _measure(browser, site, pages, arguments.runs, is_each=arguments.each)
                browser.close()
            sys.exit(not is_met)
        finally:
            opensink.end()


def _pages(site: Site) -> dict[str, str]:
    """Fill the inbox; return the address of each page by its name, the floor first."""
    ask_mixed(site, yes_no=ROWS * 6 // 10, approvals=ROWS * 3 // 10, forms=ROWS // 10)
    (request,) = site.get("/agent-session-input-requests?status=pending&$limit=1")["items"]
    return {
        "floor": site.url + FLOOR,
        "sign-in": f"{site.url}/sign-in",
        "inbox": site.page("/inbox"),
        "request": site.page(f"/requests/{request['id']}"),
        "sessions": site.page("/sessions"),
    }


def _measure(
    browser: Browser, site: Site, pages: dict[str, str], runs: int, *, is_each: bool
) -> bool:
    heads = ("requests", "KB", *KINDS, "painted", "ready")
    print(f"{'':16}" + "".join(f"{head:>10}" for head in heads))
    is_met = True
    for name, address in pages.items():
        is_known = name not in {"floor", "sign-in"}
        cold, warm = [], []
        for _ in range(runs):
            with _visitor(browser, site, is_known=is_known) as context:
                cold.append(_open(context, address))
                warm.append(_open(context, address))
        _print(f"{name}, cold", cold)
        _print(f"{name}, warm", warm)
        if is_each:
            print("\n".join(cold[0].fetched.lines()))
        first = cold[0].fetched
        painted = median(each.times.first_paint_ms for each in cold)
        is_met &= first.count <= REQUESTS_MAX and first.kilobytes <= KILOBYTES_MAX
        is_met &= painted <= FIRST_PAINT_MS
    return is_met


@contextmanager
def _visitor(browser: Browser, site: Site, *, is_known: bool) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    if is_known:
        let_in(context, site)
    yield context
    context.close()


def _open(context: BrowserContext, address: str) -> Opening:
    page = context.new_page()
    with fetching(page) as fetched:
        page.goto(address)
        times = times_of(page)
        page.wait_for_timeout(_SETTLED_MS)
    page.close()
    return Opening(fetched, times)


def _print(name: str, openings: Sequence[Opening]) -> None:
    fetched = openings[0].fetched
    painted = median(each.times.first_paint_ms for each in openings)
    ready = median(each.times.ready_ms for each in openings)
    sizes = "".join(f"{fetched.kilobytes_of(kind):10.1f}" for kind in KINDS)
    times = f"{painted:7.0f} ms{ready:7.0f} ms"
    print(f"{name:16}{fetched.count:10}{fetched.kilobytes:10.1f}{sizes}{times}", flush=True)


if __name__ == "__main__":
    main()
