"""Forms of every construct as a reviewer answers them: asked by the API, filled in by labels and
buttons on a phone, with scripts and without, and stored as they were filled in.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Site, let_in
from tests.browser.test_accessibility import AXE, light_faults

pytestmark = pytest.mark.server

UPDATE = "Update the fields"
"""The button that does by hand what a script does as soon as something is chosen."""


def obj(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], **more}


def variant(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return obj({"kind": {"const": kind}} | properties, title=kind.title())


TEXTS = {"type": "array", "items": {"type": "string"}}
TREE = obj({"name": {"type": "string"}, "kids": {"type": "array", "items": {"$ref": "#"}}})
REASON = obj({"decision": {"enum": ["approve", "reject"]}}) | {
    "if": {"properties": {"decision": {"const": "reject"}}, "required": ["decision"]},
    "then": obj({"reason": {"type": "string", "minLength": 5}}),
}
PET = {
    "oneOf": [
        variant("cat", {"lives": {"type": "integer"}}),
        variant("dog", {"good": {"type": "boolean"}}),
    ]
}
POINT = {
    "type": "array",
    "prefixItems": [
        {"type": "number", "title": "Latitude"},
        {"type": "number", "title": "Longitude"},
    ],
    "minItems": 2,
    "maxItems": 2,
}
DECIMAL = {
    "anyOf": [
        {"type": "number"},
        {"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"},
    ]
}

DRAWN_ANEW = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
# What is asked, done (a text goes into a field, True ticks, a name alone is a button), and stored.
Form = tuple[dict[str, Any], list[tuple[str, str | bool] | str], dict[str, Any]]
FORMS: dict[str, Form] = {
    "texts and numbers": (
        obj({"note": {"type": "string"}, "amount": {"type": "number"}}),
        [("Note", "grün 🚀"), ("Amount", "2,5")],
        {"note": "grün 🚀", "amount": 2.5},
    ),
    "money": (obj({"fee": DECIMAL}), [("Fee", "12.50")], {"fee": 12.5}),
    "consent": (obj({"read": {"const": True}}), [("Read", True)], {"read": True}),
    "date": (
        obj({"day": {"type": "string", "format": "date"}}),
        [("Day", "2026-04-30")],
        {"day": "2026-04-30"},
    ),
    "condition": (
        REASON,
        [("reject", True), UPDATE, ("Reason", "too late")],
        {"decision": "reject", "reason": "too late"},
    ),
    "variant": (
        obj({"pet": PET}),
        [("Dog", True), UPDATE, ("Yes", True)],
        {"pet": {"kind": "dog", "good": True}},
    ),
    "shapes": (
        obj({"to": {"anyOf": [{"type": "string"}, TEXTS]}}),
        [("To", "lost?"), ("List", True), "Update", ("Text", True), "Update"],
        {"to": "lost?"},
    ),
    "map": (
        obj({"prices": {"type": "object", "additionalProperties": {"type": "integer"}}}),
        ["Add an entry to Prices", ("Name", "beer"), ("Value", "3")],
        {"prices": {"beer": 3}},
    ),
    "tuple": (
        obj({"point": POINT}),
        [("Latitude", "1"), ("Longitude", "-2.5")],
        {"point": [1, -2.5]},
    ),
    "checklist": (
        obj({"days": {"type": "array", "uniqueItems": True, "items": {"enum": ["Mon", "Tue"]}}}),
        [("Tue", True)],
        {"days": ["Tue"]},
    ),
    "recursion": (
        TREE,
        [("Name", "r"), "Add an entry to Kids", ("Name", "kid")],
        {"name": "r", "kids": [{"name": "kid", "kids": []}]},
    ),
    "nothing": ({"type": "object", "properties": {}}, [], {}),
}


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def phone(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[Page]:
    with_scripts: bool = request.param
    context = chromium.new_context(
        base_url=site.url,
        java_script_enabled=with_scripts,
        viewport={"width": 390, "height": 844},
        bypass_csp=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(AXE)
    let_in(context, site)
    yield context.new_page()
    context.close()


def fill_in(page: Page, step: tuple[str, str | bool] | str, *, with_scripts: bool) -> None:
    """Do one step; of several fields of a label, in the newest."""
    form = page.locator("#answer-form")
    if not isinstance(step, str):
        label, value = step
        name = re.compile(f"^{re.escape(label)}")
        if isinstance(value, str):
            form.get_by_role("textbox", name=name).last.fill(value)
        else:
            form.get_by_role("radio", name=name).or_(
                form.get_by_role("checkbox", name=name)
            ).check()
    elif not (with_scripts and step.startswith("Update")):
        form.get_by_role("button", name=step).first.click()
    if with_scripts:
        expect(form.locator(DRAWN_ANEW)).to_have_count(0)


def test_what_is_filled_in_is_what_is_stored(
    phone: Page, site: Site, request: pytest.FixtureRequest
) -> None:
    with_scripts = "no scripts" not in request.node.name
    stored, wanted, seen = {}, {}, []
    for name, (schema, steps, answer) in FORMS.items():
        ids = site.ask(schema)
        phone.goto(site.page(f"/requests/{ids['request_id']}"))
        for step in steps:
            fill_in(phone, step, with_scripts=with_scripts)
        if with_scripts:
            seen += [(name, fault) for fault in light_faults(phone)]
            assert not phone.evaluate("document.documentElement.scrollWidth > innerWidth"), name
        phone.locator('[data-review-submit=""]').click()
        expect(phone.locator("#last-decision"), name).to_contain_text("Answered")
        wanted[name] = answer
        stored[name] = site.get(f"/agent-session-input-requests/{ids['request_id']}")["response"]
    assert stored == wanted
    assert seen == []


def test_by_keyboard_the_place_is_kept_where_the_form_is_drawn_anew(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    schema = {
        "properties": {"card": {"type": "string"}, "code": {"type": "string"}},
        "dependentRequired": {"card": ["code"]},
    }
    ids = site.ask(schema)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_label("Card", exact=True).focus()
    page.keyboard.type("1")
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.keyboard.press("Tab")
    code = page.locator(".answer-field", has=page.get_by_label("Code", exact=True))
    expect(code).to_contain_text("required")
    expect(code.locator("summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("99")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    answer = site.get(f"/agent-session-input-requests/{ids['request_id']}")["response"]
    assert answer == {"card": "1", "code": "99"}


def test_by_keyboard_the_next_page_goes_on_where_the_last_one_was_left(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    ids = site.ask({"properties": {"n": TEXTS | {"default": ["x"] * 120}}})
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_role("button", name="Next of N").focus()
    page.keyboard.press("Enter")
    pager = page.get_by_role("group", name="Pages of N")
    expect(pager).to_contain_text("Rows 101\N{EN DASH}120 of 120")
    expect(pager).to_be_focused()
    expect(pager).to_have_accessible_description("Rows 101\N{EN DASH}120 of 120")


def test_what_an_empty_field_means_is_chosen_without_an_error(signed_in: Page, site: Site) -> None:
    """The page fixture fails for what a script throws."""
    page = signed_in
    ids = site.ask({"properties": {"free": {"type": "string", "default": ""}}})
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.locator("summary.answer-requirement").click()
    page.get_by_label("Left empty, it means").select_option("no answer")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    assert site.get(f"/agent-session-input-requests/{ids['request_id']}")["response"] == {}


def test_nothing_that_is_too_long_is_cut_off_without_a_word(signed_in: Page, site: Site) -> None:
    page = signed_in
    ids = site.ask(obj({"reaction": {"type": "string", "maxLength": 3}}))
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    field = page.get_by_label("Reaction", exact=True)
    field.focus()
    page.keyboard.insert_text("👍🎉🚀✅")
    expect(field).to_have_value("👍🎉🚀✅")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#answer-errors")).to_be_focused()
    expect(field).to_have_value("👍🎉🚀✅")


def test_back_on_the_page_the_form_has_the_fields_of_what_was_chosen(
    signed_in: Page, site: Site
) -> None:
    page = signed_in
    page.on("dialog", lambda dialog: dialog.accept())
    ids = site.ask(REASON)
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    page.get_by_label("reject").check()
    reason = page.locator("#answer-form").get_by_label("Reason")
    expect(reason).to_be_visible()
    page.goto(site.page("/inbox"))
    page.go_back()
    expect(page.get_by_label("reject")).to_be_checked()
    expect(reason).to_be_visible()


def test_what_stands_below_a_title_begins_where_the_title_does(signed_in: Page, site: Site) -> None:
    page = signed_in
    chain = {"anyOf": [{"$ref": "#"}, {"type": "null"}], "default": None}
    ids = site.ask({"type": "object", "properties": {"next": chain}})
    page.goto(site.page(f"/requests/{ids['request_id']}"))
    left = "each => Math.round(each.getBoundingClientRect().left)"
    add = page.get_by_role("button", name="Add Next")
    assert add.evaluate(left) == page.locator("legend").first.evaluate(left)
    add.click()
    box = page.get_by_label("Include this part")
    assert box.evaluate(left) == page.locator("legend").first.evaluate(left)
