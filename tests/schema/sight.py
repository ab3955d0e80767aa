"""What a person makes out on a page: blocks with a label, the controls and buttons in each."""

import re
from collections.abc import Iterator

from opensink_web.schema.subschemas import Path
from tests.schema.page import Element

ADD = "_add"
SUFFIX = re.compile("-(which|kind|empty|in)(?:(?<=which)-[0-9]+)?$")


class Stuck(Exception):
    """The page shows no way to give what stands at these places of the value."""

    def __init__(self, message: str, *places: Path) -> None:
        super().__init__(message)
        self.places = places


def is_block(element: Element) -> bool:
    """Return True for what a person sees as one thing with a label, or one row."""
    return element.tag == "fieldset" or element.has_class("answer-field") or is_row(element)


def is_row(element: Element) -> bool:
    """Return True for a row of a list or a map."""
    return element.has_class("answer-row")


def is_branch(element: Element) -> bool:
    """Return True for the field of the shape that is chosen of several."""
    names = [element["id"], *(each["name"] for each in controls_of(element)[:1])]
    return any(re.fullmatch(r".*-b[0-9]+", bare(name)) for name in names)


def is_selector(element: Element) -> bool:
    """Return True for the choice between shapes of the object around it."""
    controls = controls_of(element)
    return bool(controls) and suffix_of(controls[0]["name"]) == "which" and not blocks_in(element)


def handle_of(block: Element) -> str:
    """Return the name under which the page knows a block; the outermost shows none."""
    controls = controls_of(block)
    return block["id"] or (bare(controls[0]["name"]) if controls else "answer")


def bare(name: str) -> str:
    """Return a control's name without what it says beside the value."""
    return SUFFIX.sub("", name)


def blocks_in(element: Element) -> list[Element]:
    """Return the blocks right inside an element, whatever else is around them."""
    return [each for part in element.inner for each in _blocks(part)]


def _blocks(element: Element) -> Iterator[Element]:
    if is_block(element):
        yield element
    else:
        for part in element.inner:
            yield from _blocks(part)


def _own(element: Element) -> Iterator[Element]:
    for part in element.inner:
        if not is_block(part):
            yield part
            yield from _own(part)


def controls_of(block: Element) -> list[Element]:
    """Return the controls of a block that are in no block inside it, hidden inputs left out."""
    return [
        each
        for each in _own(block)
        if each.tag in {"input", "select", "textarea"} and each["type"] != "hidden"
    ]


def buttons_of(block: Element) -> list[Element]:
    """Return the buttons of a block that are in no block inside it."""
    return [
        each for each in _own(block) if each.tag == "button" and "disabled" not in each.attributes
    ]


def label_of(block: Element) -> str:
    """Return the title of a block as it is read, without "optional" beside it."""
    label = next((each for each in _own(block) if each.tag in {"legend", "label"}), None)
    if label is None:
        return ""
    parts = [part for part in label.parts if isinstance(part, str) or not part["class"]]
    return Element("label", parts=parts).text


def facts_in(block: Element) -> list[str]:
    """Return the titles of what is only shown."""
    return [each.text for each in _own(block) if each.tag in {"dt", "h3"}]


def kind_of(control: Element) -> str:
    """Return what kind of control it is."""
    if control.tag == "input" and control["type"] in {"radio", "checkbox"}:
        return control["type"]
    return "select" if control.tag == "select" else "text"


def suffix_of(name: str) -> str:
    """Return what a control says beside the value: "which" of "answer-3-which"."""
    suffix = SUFFIX.search(name)
    return suffix[1] if suffix else ""


def holds_pairs(block: Element) -> bool:
    """Return True if a block has rows of key and value, or a button that adds one."""
    rows = [blocks_in(row) for row in blocks_in(block) if is_row(row)]
    if any(row and controls_of(row[0])[0]["name"].endswith("-key") for row in rows):
        return True
    return any(each["name"] == ADD for each in buttons_of(block))


def is_next(button: Element) -> bool:
    """Return True for the button that turns to the next page of fields."""
    return button["name"] == "_page" and button.text.startswith("Next")


def is_for_further_keys(block: Element) -> bool:
    """Return True for the field of keys that the schema does not name."""
    return label_of(block).startswith("Further fields")


def only(blocks: list[Element]) -> Element:
    """Return the one block that there should be."""
    if len(blocks) != 1:
        raise Stuck(f"{len(blocks)} fields in one row")
    return blocks[0]
