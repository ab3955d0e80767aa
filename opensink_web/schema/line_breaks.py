"""Whether a text may have several lines, by its format and its pattern."""

import re
from functools import lru_cache

from opensink_web.schema.look_ahead import look_aheads_of

ONE_LINE_FORMATS = frozenset(
    {
        *("date", "time", "date-time", "duration", "email", "idn-email", "hostname"),
        *("idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uuid"),
        *("color", "password"),
    }
)

# The parts of a pattern that cannot match a line break. All that a class lists, and so all that its
# ranges span, comes after the control characters.
_ESCAPE = r"\\(?:[dwS]|[^\w\s]|x[2-9A-Fa-f][0-9A-Fa-f])"
_CLASS = rf"\[(?!\^)(?:{_ESCAPE}|[^\]\[\\\x00-\x1f])+\]"
_IN_ALL_BUT = rf"(?:{_ESCAPE}|\\[nrstfv]|[^\]\[\\])*"
_ALL_BUT = rf"\[\^{_IN_ALL_BUT}\\[ns]{_IN_ALL_BUT}\]"
_PART = re.compile(
    r"(?P<open>\((?:\?:|(?!\?)))|(?P<close>\))|(?P<bar>\|)"
    rf"|(?:{_ESCAPE}|\\[bB]|{_CLASS}|{_ALL_BUT}|[^\\()\[\]|\x00-\x1f])"
)


@lru_cache(maxsize=1_000)
def may_have_lines(format_name: str, pattern: str) -> bool:
    """Return False only where it is certain that no text with a line break fits."""
    look_aheads = look_aheads_of(pattern)
    needed = look_aheads.needed if look_aheads else (pattern,)
    return format_name not in ONE_LINE_FORMATS and not any(map(_forbids, needed))


def _forbids(pattern: str) -> bool:
    """Return True if a pattern holds from end to end and no part of it matches a line break."""
    match = re.fullmatch(r"\^(?![*+?{])(.*)\$", pattern, re.DOTALL)
    if match is None:
        return False
    body, at, depth = match[1], 0, 0
    while at < len(body):
        part = _PART.match(body, at)
        if part is None or (part["bar"] and depth == 0):
            return False  # with a bar outside of groups, ^ and $ hold for one side each
        depth += bool(part["open"]) - bool(part["close"])
        at = part.end()
    return depth == 0
