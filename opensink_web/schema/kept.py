"""What was typed in parts of a form that are not drawn now, as the page carries it, encrypted.

It is back when the part is drawn again, and in no answer until then.
"""

import re
from collections.abc import Iterable

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.sent import FormData

MAX_CHARACTERS = 512 * 1024
_PART = re.compile("[a-z]?[0-9]+")


def undrawn(sent: FormData, fields: Iterable[AnswerField]) -> dict[str, list[str]]:
    """Return what was sent for fields that there are not now, and may be again.

    That is below one of the fields which keeps it; too much is not kept at all.
    """
    known = {str(field.name): field for field in fields}
    kept: dict[str, list[str]] = {}
    names = sent.keys()
    for name in names:
        around = name
        while around and around not in known:
            around = around.rpartition("-")[0]
        below = name[len(around) + 1 :].partition("-")[0]
        if around and known[around].keeps_closed and _PART.fullmatch(below):
            kept[name] = sent.getlist(name)
    return kept if kept and len(dump(_json(kept))) <= MAX_CHARACTERS else {}


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
