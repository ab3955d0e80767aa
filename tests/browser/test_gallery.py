"""Every form of the gallery before a person: with a mouse, by keyboard alone, on a phone, without
scripts. Nobody has to be signed in.
"""

import html
import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from opensink_web.schema.gallery import Construct, constructs
from opensink_web.schema.secrets import HIDDEN
from tests.browser.conftest import PATIENCE_MS, Site
from tests.browser.test_accessibility import faults, reader

__all__ = ["reader"]

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

GALLERY = "/docs/forms"
LARGE = [each.name for each in constructs().values() if each.is_large]
SMALL = [each.name for each in constructs().values() if not each.is_large]
TABS_MAX = 200
FOCUS = """() => {
    const now = document.activeElement, form = now.closest("form");
    return [Boolean(form), now.matches("[data-review-submit]"), now.name || now.id || now.tagName];
}"""
REACHABLE = """form => [...form.querySelectorAll("input, select, textarea, button, summary")]
    .filter(each => each.checkVisibility() && each.type !== "hidden")
    .filter(each => !each.disabled && each.tabIndex >= 0)
    .map(each => each.name || each.id || each.tagName)"""


Step = tuple[str, str] | tuple[str, str, str] | tuple[str, str, str, int]
"""What somebody does: with which control, its name, what is filled in, and which of them."""
ADD: Step = ("button", "Add an entry")
STEPS: dict[str, list[Step]] = {
    "yes-no": [("radio", "Yes")],
    "consent": [("checkbox", "I have read the contract")],
    "optional-constant": [("radio", "weekly")],
    "confirmation": [],
    "choice": [("radio", "high")],
    "choice-of-more": [("combobox", "Weekday", "Friday")],
    "titled-choice": [("radio", "Express")],
    "named-choice": [("radio", "Oregon")],
    "choice-or-none": [("radio", "None")],
    "checklist": [("checkbox", "Mon"), ("checkbox", "Fri")],
    "nullable": [],
    "group": [("textbox", "Street", "Elm Street 1"), ("textbox", "City", "Oslo")],
    "list": [ADD, ("textbox", "Entry 1", "555 0100"), ADD, ("textbox", "Entry 2", "555 0101")],
    "list-of-groups": [("textbox", "Article", "Paper"), ("textbox", "Count", "2")],
    "tuple": [("textbox", "Latitude", "59.9"), ("textbox", "Longitude", "10.7")],
    "map": [
        *(ADD, ("textbox", "Name", "S"), ("textbox", "Value", "4")),
        *(ADD, ("textbox", "Name", "M", 1), ("textbox", "Value", "0", 1)),
    ],
    "pattern-map": [
        *(ADD, ("textbox", "Name", "de"), ("textbox", "Value", "Hallo")),
        *(ADD, ("textbox", "Name", "en", 1), ("textbox", "Value", "Hello", 1)),
    ],
    "free-object": [
        *(ADD, ("textbox", "Name", "retries"), ("textbox", "Value", "3")),
        *(ADD, ("textbox", "Name", "verbose", 1), ("textbox", "Value", "true", 1)),
    ],
    "anything": [("textbox", "Payload", "just text")],
    "text-or-number": [("textbox", "Reference", "7")],
    "tagged": [("radio", "Card"), ("textbox", "Last digits", "4242")],
    "untagged": [("radio", "A company"), ("textbox", "Company", "Acme")],
    "object-or-null": [("textbox", "Percent", "10")],
    "object-or-text": [("radio", "An address"), ("radio", "A name"), ("textbox", "", "Ada")],
    "list-or-text": [
        *(("radio", "Several tags"), ADD, ("textbox", "Entry 1", "new")),
        *(ADD, ("textbox", "Entry 2", "paid")),
    ],
    "whole-answer": [("radio", "Change"), ("textbox", "Amount", "12.5")],
    "if-then-else": [("radio", "No"), ("textbox", "Reason", "Too expensive.")],
    "dependent-required": [
        *(("textbox", "Card number", "4242"), ("textbox", "Billing address", "Elm Street 1")),
    ],
    "dependent-schemas": [("textbox", "Company", "Acme"), ("textbox", "Vat number", "NO 1")],
    "not-required": [("textbox", "Percent off", "10")],
    "recursion": [
        *(ADD, ("textbox", "Name", "Pack")),
        *(("button", "Add an entry to Subtasks"), ("textbox", "Name", "Socks", 1)),
    ],
    "proposal": [("textbox", "Shares", "20"), ("textbox", "Note", "Not so many.")],
    "fact": [],
    "read-only": [],
    "choice-of-many": [("select", "", "Norway")],
    "long-text": [("textbox", "", "Dear Ada,\n\n**yes**.")],
}
"""How the answer of each example is given, beside those with one box alone."""
ANSWER = re.compile(r'<pre id="outcome-json"[^>]*>(.*?)</pre>', re.DOTALL)
GROWING = [
    *("checklist", "list", "tuple", "map", "pattern-map", "free-object", "anything"),
    *("text-or-number", "tagged", "untagged", "object-or-null", "object-or-text", "list-or-text"),
    *("whole-answer", "if-then-else", "dependent-required", "dependent-schemas", "recursion"),
]
"""Where something comes, goes or is recognised, for which the others use scripts."""
COMING = {"dependent-schemas"}
"""Where what was typed brings another field, which without scripts a button does."""
SEND = """async form => {
    const answer = await fetch(form.action, {method: "post", body: new FormData(form)});
    return answer.text();
}"""


@pytest.fixture
def without_scripts(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def said(page: Page) -> str:
    """Press the button, and return what is said of the answer."""
    page.locator("[data-review-submit]").click()
    expect(page.locator("#outcome, #answer-errors")).to_be_visible()
    return page.locator("#outcome, #answer-errors").inner_text()


def steps_to(construct: Construct) -> list[Step]:
    """Return how somebody gives the example; what has one box takes it as it is written."""
    if construct.name in STEPS:
        return STEPS[construct.name]
    (value,) = construct.example.values()
    return [("textbox", "", value if isinstance(value, str) else json.dumps(value))]


def control_of(form: Locator, step: Step) -> Locator:
    kind, name = step[:2]
    if kind == "select":
        return form.locator("select")
    nth = step[3] if len(step) > 3 else 0
    is_exact = kind == "radio"
    return form.get_by_role(kind, name=name or None, exact=is_exact).nth(nth)  # type: ignore[arg-type]


def do(form: Locator, step: Step) -> None:
    """Do a step with the mouse."""
    control = control_of(form, step)
    if step[0] == "textbox":
        control.fill(step[2])  # type: ignore[misc]
        control.blur()
    elif step[0] in {"combobox", "select"}:
        control.select_option(step[2])  # type: ignore[misc]
    else:
        control.click()


def type_in(form: Locator, step: Step) -> None:
    """Do a step with the keyboard."""
    control, keyboard = control_of(form, step), form.page.keyboard
    control.focus()
    if len(step) > 2:
        if step[0] == "textbox":
            keyboard.press("Control+A")
        keyboard.type(step[2])
        keyboard.press("Tab")
    else:
        keyboard.press("Enter" if step[0] == "button" else "Space")


def settle(page: Page) -> None:
    """Wait until nothing is drawn anew any more."""
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def answer_of(page: Page, name: str, act: Callable[[Locator, Step], None]) -> list[str]:
    """Give the answer of an example; return it if it was not taken as it is."""
    form = page.locator(f"#{name}-form")
    for step in steps_to(constructs()[name]):
        act(form, step)
        settle(page)
    return wrongly_said(name, form.evaluate(SEND))


def wrongly_said(name: str, text: str) -> list[str]:
    """Return what a page says of an example, unless it is that it was taken."""
    found = ANSWER.search(text)
    said = json.loads(html.unescape(found[1])) if found else None
    wanted = constructs()[name].example
    if name in {"secret", "password"}:
        wanted = dict.fromkeys(wanted, HIDDEN)
    return [] if said == wanted else [f"{name}: {said}"]


def test_every_answer_is_given_on_a_phone(page: Page) -> None:
    """All on one page, where none may get at another's fields."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(GALLERY)
    assert [each for name in SMALL for each in answer_of(page, name, do)] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_answer_is_given_without_scripts(without_scripts: Page) -> None:
    page, wrong = without_scripts, []
    for name in GROWING:
        page.goto(f"{GALLERY}/{name}")
        form = page.locator(f"#{name}-form")
        for step in steps_to(constructs()[name]):
            if name in COMING and step is steps_to(constructs()[name])[-1]:
                form.get_by_role("button", name="Update").first.click()
            do(form, step)
            if step[0] == "radio" and form.get_by_role("button", name="Update").count():
                form.get_by_role("button", name="Update").first.click()
        form.locator("[data-review-submit]").click()
        wrong += wrongly_said(name, page.content())
    assert wrong == []


def test_axe_finds_nothing(reader: Page) -> None:
    found = []
    for path in (GALLERY, *(f"{GALLERY}/{name}" for name in (*LARGE, "proposal"))):
        reader.goto(path)
        found += faults(reader)
    reader.locator("[data-review-submit]").click()
    expect(reader.locator("#outcome")).to_be_visible()
    assert [*found, *faults(reader)] == []


def test_axe_finds_nothing_in_what_was_opened_and_in_errors(reader: Page) -> None:
    reader.goto(GALLERY)
    for name in ("map", "free-object", "tagged", "list-or-text", "if-then-else", "recursion"):
        do(reader.locator(f"#{name}-form"), STEPS[name][0])
        settle(reader)
    found = faults(reader)
    for name in ("map", "list-or-text"):
        form = reader.locator(f"#{name}-form")
        do(form, STEPS[name][0])
        settle(reader)
        form.locator("[data-review-submit]").click()
        expect(reader.locator("#answer-errors, #outcome")).to_be_focused()
        found += faults(reader)
        reader.goto(GALLERY)
    assert found == []


def test_a_list_grows_without_scripts(without_scripts: Page) -> None:
    without_scripts.goto(f"{GALLERY}/list")
    without_scripts.get_by_role("button", name="Add an entry").click()
    without_scripts.get_by_role("textbox").first.fill("555 0100")
    assert '"phone_numbers": [\n    "555 0100"\n  ]' in said(without_scripts)


def test_every_control_is_reached_and_every_answer_given_by_keyboard(page: Page) -> None:
    """Each on a page of its own: with all of them on it, each key takes as long as the page."""
    wrong = []
    for name in SMALL:
        page.goto(f"{GALLERY}/{name}")
        wanted = set(page.locator("form").evaluate(REACHABLE))
        reached = set()
        for _ in range(TABS_MAX):
            page.keyboard.press("Tab")
            is_in_form, is_button, control = page.evaluate(FOCUS)
            if is_in_form:
                reached.add(control)
            if is_button:
                break
        assert reached == wanted, name
        if name in {"text", "confirmation"}:  # one that is refused, and one that fits
            page.keyboard.press("Enter")
            expect(page.locator("#outcome, #answer-errors")).to_be_focused()
            page.goto(f"{GALLERY}/{name}")
        wrong += answer_of(page, name, type_in)
    assert wrong == []


def test_none_is_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    wide = []
    for path in (GALLERY, *(f"{GALLERY}/{name}" for name in LARGE)):
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert wide == []


def test_what_is_typed_stays_when_a_row_is_added(page: Page) -> None:
    page.goto(GALLERY)
    form = page.locator("#list-of-groups-form")
    form.get_by_label("Article").fill("Paper")
    form.get_by_role("button", name="Add an entry").click()
    expect(form.get_by_label("Article")).to_have_count(2)
    expect(form.get_by_label("Article").first).to_have_value("Paper")
    assert page.url.endswith(GALLERY)


def test_a_functions_form_is_tried_in_another_tab_and_the_editor_stays(
    signed_in: Page, site: Site
) -> None:
    signed_in.goto(site.page("/functions/new"))
    signed_in.get_by_label("Input schema").fill('{"properties": {"how_many": {"type": "integer"}}}')
    expect(signed_in.locator("#input_schema-check")).to_contain_text("How many")
    with signed_in.expect_popup() as popup:
        signed_in.get_by_role("button", name="Try this form").click()
    popup.value.get_by_label("How many").fill("7")
    assert '"how_many": 7' in said(popup.value)
    expect(signed_in.locator("form.function-form")).not_to_have_attribute("aria-busy", "true")
