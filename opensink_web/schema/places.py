"""On which line of a JSON text a part of it stands, for people who mend it there."""

import json
import re
from collections.abc import Iterator

_BLANKS = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def line_of(text: str, pointer: str) -> int:
    """Return the line, from 1, on which the value of a JSON Pointer (RFC 6901) begins.

    For a value that is not there it is the line of the nearest one around it. The text has been
    read by `json_value.parse`.
    """
    at = _after_blanks(text, 0)
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        starts = [start for key, start in _entries(text, at) if key == name]
        if not starts:
            break
        at = starts[0]
    return text.count("\n", 0, at) + 1


def _entries(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Yield where each value directly inside the object or list at `at` begins, with its key."""
    is_object = text.startswith("{", at)
    if not (is_object or text.startswith("[", at)):
        return
    at = _after_blanks(text, at + 1)
    index = 0
    while text[at] not in "}]":
        key = str(index)
        if is_object:
            key, at = _DECODER.raw_decode(text, at)
            at = _after_blanks(text, _after_blanks(text, at) + 1)
        yield key, at
        at = _after_blanks(text, _DECODER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
        index += 1


def _after_blanks(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at
