"""A hundred mixed decisions in a browser: keys, clicks, and how soon the next is shown.

    CHROMIUM=/usr/bin/chromium .venv/bin/python -m tests.benchmarks.hundred_decisions [--count 100]

Of a hundred 60 ask yes or no, 30 are calls to approve, 10 are forms to type into. One in five calls
is declined with a reason, and each decision can be undone for five seconds as by default. Exits
with 1 when a goal is missed.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import EMAIL, Site, let_in
from tests.conftest import PASSWORD
from tests.support.opensink_up import Opensink
from tests.support.quick_reviewer import ask_mixed, decide_all_by_keys, decide_by_mouse

KEYS_MAX = 250
SHOWN_MS = 150
BY_MOUSE = 20


def main() -> None:
    """Decide, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="oshundred") as folder:
        opensink = Opensink(Path(folder) / "var")
        opensink.up("--workers", "1", variables={"UNDO_SECONDS": "5"})
        try:
            sys.exit(not _decide(site_of(opensink), count))
        finally:
            opensink.end()


def site_of(opensink: Opensink) -> Site:
    user = ("user", "create", EMAIL, "--role", "admin", "--password-stdin")
    assert opensink.run(*user, text=PASSWORD).returncode == 0
    made = opensink.run(
        "api-key", "create", "--user", EMAIL, "--name", "benchmark", "--scope", "all:all"
    )
    assert made.returncode == 0, made.stderr
    return Site(f"http://127.0.0.1:{opensink.port}", made.stdout.strip(), opensink.data_dir)


def _decide(site: Site, count: int) -> bool:
    yes_no, approvals = count * 6 // 10, count * 3 // 10
    ask_mixed(
        site, yes_no=yes_no + 1, approvals=approvals, forms=count - yes_no - approvals
    )  # one is left, so that the last decision has a next one too
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"))
        context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 800})
        let_in(context, site)
        decided = decide_all_by_keys(context.new_page(), site, count)
        ask_mixed(site, yes_no=BY_MOUSE, approvals=0, forms=0)
        clicks = decide_by_mouse(context.new_page(), site, BY_MOUSE)
        browser.close()
    shown = decided.shown_within(0.95)
    print(f"{count} decisions: {decided.keys} keys (at most {KEYS_MAX}), of a yes or no at most")
    print(f"{decided.most_of_yes_no}; {clicks} clicks for {BY_MOUSE}, the pointer not moved")
    print(
        f"from the key to the next request shown: median {decided.shown_within(0.5):.0f} ms,"
        f" p95 {shown:.0f} ms (at most {SHOWN_MS})"
    )
    return decided.keys <= KEYS_MAX and decided.most_of_yes_no == 1 and shown <= SHOWN_MS


if __name__ == "__main__":
    main()
