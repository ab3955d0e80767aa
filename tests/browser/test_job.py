"""A job in the browser: its next runs while typing, and what it was answered, without a reload."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server


def test_it_is_made_and_run_and_the_result_appears_by_itself(signed_in: Page, site: Site) -> None:
    page = signed_in
    with AgentEndpoint() as endpoint:
        endpoint.gate.clear()
        page.goto(site.page("/jobs/new"))
        page.get_by_label("Name", exact=True).fill("Watched in a browser")
        expect(page.get_by_label("Minutes from one run to the next")).to_be_hidden()
        page.get_by_label("Runs", exact=True).select_option("own")
        page.get_by_label("Minutes from one run to the next").fill("10080")
        page.get_by_label("Start minute").fill("10081")
        expect(page.locator("#next-runs")).to_contain_text("the start minute is 0 to 10,079")
        page.get_by_label("Start minute").fill("7")
        expect(page.locator("#next-runs li")).to_have_count(5)
        page.get_by_label("URL").fill(endpoint.url)
        page.get_by_role("button", name="Create job").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Watched in a browser")
        page.get_by_role("button", name="Run now").click()
        shown = page.locator("#job-run")
        expect(shown).to_contain_text("The request is under way.")
        endpoint.gate.set()
        expect(shown).to_contain_text("The address answered 200.")
        expect(shown).to_contain_text('{"ok": true}')
    (job,) = [each for each in site.get("/background-jobs")["items"] if "Watched" in each["name"]]
    before = site.post(f"/background-jobs/{job['id']}/run", {})["id"]
    page.goto(site.page(f"/jobs/{job['id']}"))
    ticks = page.get_by_role("group", name="Last 2 runs").get_by_role("link")
    expect(ticks).to_have_count(2)
    ticks.last.focus()
    page.keyboard.press("ArrowLeft")
    expect(ticks.first).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(ticks.first).to_be_focused()
    page.keyboard.press("End")
    expect(ticks.last).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{before}")
    page.goto(site.page("/jobs"))
    page.locator("tr", has_text="Watched in a browser").locator(".ticks > a").click()
    expect(shown).to_contain_text("Succeeded")
