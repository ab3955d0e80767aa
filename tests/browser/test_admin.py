"""An admin edits an agent's endpoint and tries it, and reads the execution secret."""

import re

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import Site
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server


def open_agent(page: Page, site: Site, name: str) -> str:
    agent = site.post("/agents", {"name": name})
    page.goto(site.page(f"/admin/agents/{agent['id']}"))
    return str(agent["id"])


def test_the_endpoint_form_saves_and_a_test_call_shows_what_came_back(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    agent_id = open_agent(page, site, "Formed")
    with AgentEndpoint(body=b'{"hello": "reviewer"}') as endpoint:
        page.get_by_label("URL").fill(endpoint.url)
        page.get_by_label("Method").select_option("PUT")
        page.get_by_role("button", name=re.compile("test call")).first.click()
        expect(page.locator("main")).to_contain_text("reviewer")
        assert endpoint.calls[0].method == "PUT"
    saved = site.get(f"/agents/{agent_id}")["execution_endpoint"]
    assert (saved["url"], saved["method"]) == (endpoint.url, "PUT")


def test_a_bad_endpoint_is_refused_at_its_field(signed_in: Page, site: Site) -> None:
    page = signed_in
    agent_id = open_agent(page, site, "Refused")
    page.get_by_label("URL").fill("http://169.254.169.254/latest/meta-data")
    page.get_by_label("Timeout").fill("7")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(page.get_by_label("URL")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("URL")).to_have_value("http://169.254.169.254/latest/meta-data")
    expect(page.get_by_label("Timeout")).to_have_value("7")
    assert site.get(f"/agents/{agent_id}")["execution_endpoint"] is None


def test_a_key_is_shown_once(signed_in: Page, site: Site) -> None:
    page = signed_in
    page.goto(site.page("/admin/api-keys"))
    page.get_by_role("link", name=re.compile("New|Create")).first.click()
    page.get_by_label("Name").fill("from the browser")
    page.get_by_label(re.compile("Everything")).check()
    page.get_by_role("button", name=re.compile("Create")).click()
    shown = page.get_by_text(re.compile(r"^osk_[\w-]{40,}$")).first
    expect(shown).to_be_visible()
    key = shown.inner_text()
    page.goto(site.page("/admin/api-keys"))
    expect(page.locator("main")).to_contain_text("from the browser")
    expect(page.locator("main")).not_to_contain_text(key)


def test_a_function_is_made_and_its_schema_checked_while_it_is_typed(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    page.goto(site.page("/functions/new"))
    schema, said = page.get_by_label("Input schema"), page.locator("#input_schema-check")
    schema.fill('{\n"properties": {"a": {"type": "txt"}}}')
    expect(said).to_contain_text("Line 2")
    schema.fill('{"properties": {"image": {"type": "string"}}, "requierd": ["image"]}')
    expect(said).to_contain_text("Did you mean “required”?")
    expect(said.get_by_label("Image")).to_be_disabled()
    expect(schema).to_be_focused()
    page.get_by_label("Name", exact=True).fill("resize_it")
    page.get_by_label("A Python function").check()
    expect(page.get_by_label("URL")).to_be_hidden()
    page.get_by_label("Entry point").fill("images.resize")
    page.get_by_label("Entry point").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("default/resize_it")
    made = site.get("/functions/default/resize_it")
    assert made["target"] == {"kind": "python", "entry_point": "images.resize"}
    assert made["input_schema"]["requierd"] == ["image"]


def test_every_page_fits_a_phone(signed_in: Page, site: Site) -> None:
    page = signed_in
    page.set_viewport_size({"width": 360, "height": 740})
    paths = ["/inbox", "/sessions", "/deliveries", "/admin/agents", "/admin/agents/new"]
    paths += ["/admin/api-keys", "/admin/members", "/admin/workspace"]
    paths += ["/functions", "/functions/new", "/executions", "/batches"]
    for path in paths:
        page.goto(site.page(path))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, path


def test_no_way_back_leads_to_the_execution_secret(signed_in: Page, site: Site) -> None:
    page = signed_in
    page.goto(site.page("/admin/workspace"))
    assert "whsec_" not in page.content()
    page.get_by_role("button", name="Show the secret").click()
    expect(page.locator("#execution-secret")).to_contain_text("whsec_")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Workspace")
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()
