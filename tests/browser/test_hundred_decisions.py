"""How few keys and clicks decisions take; tests/benchmarks/hundred_decisions.py has a hundred."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.support.quick_reviewer import ask_mixed, decide_all_by_keys, decide_by_mouse

pytestmark = pytest.mark.server


def test_a_yes_or_no_takes_one_key_and_ten_decisions_twenty_five(
    signed_in: Page, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.empty_inbox()
    ask_mixed(site, yes_no=7, approvals=3, forms=1)

    decided = decide_all_by_keys(signed_in, site, 10)

    with capsys.disabled():
        print(f" {decided.keys} keys, shown within {decided.shown_within(0.95):.0f} ms (p95)")
    assert decided.most_of_yes_no == 1
    assert decided.keys <= 35  # two open the list's first, and a reason is typed once
    waiting = site.get("/agent-session-input-requests?status=pending")["items"]
    assert len(waiting) == 1


def test_from_request_to_request_by_mouse_the_pointer_stays_where_it_is(
    signed_in: Page, site: Site
) -> None:
    site.empty_inbox()
    ask_mixed(site, yes_no=3, approvals=2, forms=0)

    assert decide_by_mouse(signed_in, site, 4) == 5  # one opens the first
