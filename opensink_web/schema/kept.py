"""What was typed in parts of a form that are not drawn now, as the page carries it, encrypted.

It is back when the part is drawn again, and in no answer until then.
"""

import re

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.sent import FormData
from opensink_web.schema.paging import drawn, on_other_pages

MAX_CHARACTERS = 512 * 1024
_PART = re.compile("[a-z]?[0-9]+")


def undrawn(sent: FormData, root: AnswerField) -> dict[str, list[str]]:
    """Return what was sent for fields that are not drawn now: on other pages, or in closed parts.

    The first come with a mark that something in them was changed. Too much is not kept at all.
    """
    fields = {str(field.name): field for field in drawn(root)}
    others = {str(field.name): field for field in on_other_pages(root)}
    kept = {f"{name}-kept": ["1"] for name, field in others.items() if field.changed}
    names = sent.keys()
    for name in names:
        around = name
        while around and around not in fields and around not in others:
            around = around.rpartition("-")[0]
        below = name[len(around) + 1 :].partition("-")[0]
        if around in others:
            is_kept = others[around].changed
        else:
            is_kept = around in fields and fields[around].keeps_closed and is_part(below)
        if is_kept:
            kept[name] = sent.getlist(name)
    return kept if kept and len(dump(_json(kept))) <= MAX_CHARACTERS else {}


def is_part(segment: str) -> bool:
    """Return True if a name's segment names a field, not another control of the one before it."""
    return _PART.fullmatch(segment) is not None


def as_sent(value: JSONValue) -> dict[str, list[str]]:
    """Return what a page has brought back, as it was kept."""
    if not isinstance(value, dict):
        return {}
    return {
        name: [str(text) for text in texts]
        for name, texts in value.items()
        if isinstance(texts, list)
    }


def _json(kept: dict[str, list[str]]) -> JSONValue:
    return {name: list(texts) for name, texts in kept.items()}
