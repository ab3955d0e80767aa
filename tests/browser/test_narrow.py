"""Our own pages fit a small phone; what others write is in test_hostile_content.py."""

import pytest
from playwright.sync_api import Page

from opensink_web.factory import ROUTES
from tests.browser.conftest import Site, let_in
from tests.browser.hostile_watch import NARROWEST, REACH
from tests.browser.test_accessibility import reader

pytestmark = pytest.mark.server

__all__ = ["reader"]


def test_no_control_of_the_reference_and_of_empty_pages_is_out_of_reach(
    reader: Page, site: Site
) -> None:
    let_in(reader.context, site)
    reader.set_viewport_size({"width": NARROWEST, "height": 844})
    resources = dict.fromkeys(route.resource for route in ROUTES)
    empty = ("/inbox?view=mine", "/sinks/new", "/jobs/new", "/admin/rules/new")
    faults: list[str] = []
    for path in (
        *("/docs", *(f"/docs/{each}" for each in resources), "/docs/forms"),
        *(site.page(each) for each in empty),
    ):
        reader.goto(path)
        faults += [f"{path} {each}" for each in reader.evaluate(REACH)]
    assert "\n".join(faults) == ""
