"""What a person does to the controls of a page; each says whether that changed anything."""

from collections.abc import Iterator

from tests.schema.page import Element, values_of
from tests.schema.sight import controls_of


def set_text(box: Element, text: str) -> bool:
    """Type a text in place of what stands there."""
    is_area = box.tag == "textarea"
    is_new = values_of(box) != [text.replace("\n", "\r\n") if is_area else text]
    if is_area:
        box.parts = ["\n" + text]
    else:
        box.attributes["value"] = text
    return is_new


def tick(box: Element, *, ticked: bool) -> bool:
    """Tick a box, or untick it."""
    is_new = ticked != ("checked" in box.attributes)
    box.attributes.pop("checked", None)
    if ticked:
        box.attributes["checked"] = ""
    return is_new


def options_of(block: Element, control: Element) -> Iterator[tuple[str, "Take"]]:
    """Yield what there is to choose at a control: the words, and how to take it."""
    if control.tag == "select":
        for option in control.every("option"):
            yield option.text, Take(control, option)
        return
    labels = {each["for"]: each.text for each in block.every("label")}
    group = [each for each in controls_of(block) if each["name"] == control["name"]]
    for each in group:
        yield labels.get(each["id"], ""), Take(each, each, tuple(group))


class Take:
    """Takes one option of a select, or one of some radio buttons."""

    def __init__(self, control: Element, option: Element, group: tuple[Element, ...] = ()) -> None:
        self.control, self.option, self.group = control, option, group

    def __call__(self) -> bool:
        """Take it; return True if another was taken before."""
        if not self.group:
            is_new = values_of(self.control) != [self.option["value"]]
            for each in self.control.every("option"):
                each.attributes.pop("selected", None)
            self.option.attributes["selected"] = ""
            return is_new
        is_new = "checked" not in self.option.attributes
        for each in self.group:
            each.attributes.pop("checked", None)
        self.option.attributes["checked"] = ""
        return is_new
