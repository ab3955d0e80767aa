"""An agent's configuration in a browser: from nothing to a version, compared and gone back to."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, let_in
from tests.browser.test_accessibility import faults, reader
from tests.browser.test_settings_pages import check_on_phone, picture

pytestmark = pytest.mark.server

__all__ = ["reader"]
SCHEMA = {
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": {"title": "Model", "enum": ["small", "large"]},
        "limit": {"title": "Largest order", "type": "number", "maximum": 5000},
        "shops": {"title": "Shops", "type": "array", "items": {"type": "string"}},
        "instructions": {
            "title": "Instructions",
            "type": "string",
            "contentMediaType": "text/markdown",
        },
        "token": {"title": "Shop's token", "type": "string", "writeOnly": True},
    },
}


def test_it_is_described_filled_in_compared_and_gone_back_to(reader: Page, site: Site) -> None:
    let_in(reader.context, site)
    page = reader
    agent = site.post("/agents", {"name": "Configured buyer"})
    page.goto(site.page(f"/admin/agents/{agent['id']}"))
    page.get_by_role("link", name="Configuration", exact=True).click()
    expect(page.get_by_text("Nothing to go by yet")).to_be_visible()
    assert faults(page) == []
    picture(page, "configuration-empty")
    check_on_phone(page, "configuration-empty")
    page.get_by_role("link", name="Begin with a schema").click()
    schema = page.get_by_label("JSON Schema")
    schema.fill("{")
    expect(page.locator("#schema-check")).to_contain_text("cannot be used yet")
    schema.fill(json.dumps(SCHEMA, indent=2))
    expect(page.locator("#schema-check")).to_contain_text("nothing looks like a mistake")
    assert faults(page) == []
    picture(page, "configuration-schema")
    check_on_phone(page, "configuration-schema")
    page.get_by_role("button", name="See what becomes of the value").click()
    expect(page.get_by_text("This does not fit the new schema.")).to_be_visible()
    assert faults(page) == []
    picture(page, "configuration-fate")
    page.get_by_label("large", exact=True).check()
    page.get_by_label("Largest order").fill("500")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Saved as version 2, and active.")).to_be_visible()

    page.get_by_label("Largest order").fill("800")
    page.get_by_label("Instructions").fill("Buy what **runs out**.")
    beside = {"model": "small", "limit": 500, "shops": ["A", "B"]}
    site.post("/agent-configurations", {"agent_id": agent["id"], "value": beside})
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Somebody has saved version 3")).to_be_visible()
    expect(page.get_by_text("Saved: small")).to_be_visible()
    expect(page.get_by_label("Largest order")).to_have_value("800")
    assert faults(page) == []
    picture(page, "configuration-overtaken")
    check_on_phone(page, "configuration-overtaken")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Saved as version 4, and active.")).to_be_visible()
    assert faults(page) == []
    picture(page, "configuration")
    check_on_phone(page, "configuration")

    page.get_by_role("link", name="Version 2:").click()
    page.get_by_label("With another version").select_option(label="Version 4, default (active)")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Compared with version 4")).to_be_visible()
    assert faults(page) == []
    picture(page, "configuration-version")
    check_on_phone(page, "configuration-version")
    page.get_by_role("link", name="Go by this version…").click()
    expect(page.get_by_role("heading", name="Go back to version 2?")).to_be_visible()
    assert faults(page) == []
    picture(page, "configuration-activate")
    check_on_phone(page, "configuration-activate")
    page.get_by_role("button", name="Go by version 2").click()
    expect(page.get_by_text("The agent goes by version 2, not by the newest")).to_be_visible()
    picture(page, "configuration-back")

    page.get_by_role("link", name="New variant").click()
    page.get_by_label("Name").fill("bold")
    page.get_by_role("button", name="Make the variant").click()
    expect(page.get_by_text("The variant bold is there.")).to_be_visible()
    value = {"model": "large", "limit": 5000}
    body = {"agent_id": agent["id"], "variant": "bold", "value": value}
    site.post("/agent-configurations", body)
    page.get_by_role("link", name="Variants side by side").click()
    expect(page.get_by_role("rowheader", name="Largest order differs")).to_be_visible()
    assert faults(page) == []
    picture(page, "configuration-variants")
    check_on_phone(page, "configuration-variants")
    page.emulate_media(color_scheme="dark")
    picture(page, "configuration-variants-dark")
    page.goto(site.page(f"/agents/{agent['id']}/configuration"))
    assert faults(page) == []
    picture(page, "configuration-dark")
    check_on_phone(page, "configuration-dark")
