"""Look-aheads at the very start of a pattern, which need no engine that can look ahead.

`^(?=X)(?!Y)Z` asks of a text that `^X` and `^Z` match it and `^Y` does not. So a Decimal of
Pydantic is written, and passwords. Elsewhere, where one looks from depends on what was matched.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from opensink_web.schema.pattern_pieces import PatternRefused, pieces_of

MAX_LOOK_AHEADS = 20
_MAX_DIGITS = 64
_DIGITS_COUNTED = re.compile(
    r"""\(\?= \[\\d\.\] \{1,(?P<most>\d+)\} 0\*\$ \)
    \\d(?: \{0,(?P<whole>\d+)\} | \* ) \\\. \\d(?: \{0,(?P<places>\d+)\} 0\* | \*(?:0\*)? ) \$""",
    re.VERBOSE,
)
_NEEDED, _RULED_OUT = "(?=", "(?!"


@dataclass(frozen=True, slots=True)
class LookAheads:
    """What all has to match a text, and what must not: patterns without a look-ahead."""

    needed: tuple[str, ...]
    ruled_out: tuple[str, ...]


@lru_cache(maxsize=4096)
def look_aheads_of(pattern: str) -> LookAheads | None:
    """Take a pattern that begins with look-aheads apart; None for any other."""
    if not pattern.startswith(("^" + _NEEDED, "^" + _RULED_OUT)):
        return None
    try:
        pieces = list(pieces_of(pattern))
    except PatternRefused:
        return None
    parts: dict[str, list[str]] = {_NEEDED: [], _RULED_OUT: []}
    at = 1
    while pieces[at : at + 1] and pieces[at] in parts:
        end = _end_of_group(pieces, at)
        if end is None:
            return None
        parts[pieces[at]].append(f"^(?:{''.join(pieces[at + 1 : end])})")
        at = end + 1
    rest = pieces[at:]
    if (rest and rest[0][0] in "*+?{") or _is_divided(rest):
        return None
    needed, ruled_out = parts.values()
    if len(needed) + len(ruled_out) > MAX_LOOK_AHEADS:
        return None
    return LookAheads((f"^{_with_digits_spelled_out(rest)}", *needed), tuple(ruled_out))


def _with_digits_spelled_out(pieces: list[str]) -> str:
    r"""Write `(?=[\d.]{1,9}0*$)\d{0,6}\.\d{0,4}0*$`, of Pydantic, as what it comes to.

    That is how it asks for no more than so many digits, whichever of them are decimal places.
    """
    text, spelled, at, behind = "".join(pieces), "", 0, 0
    for piece in pieces:
        match = _DIGITS_COUNTED.match(text, at) if piece == _NEEDED else None
        if match and at >= behind:
            behind = match.end()
            spelled += _digits(*match.groups()) or match[0]
        spelled += piece if at >= behind else ""
        at += len(piece)
    return spelled


def _digits(most: str, whole: str | None, places: str | None) -> str:
    """Count the places that are left for each number of digits before the point."""
    digits = int(most) - 1
    if digits > _MAX_DIGITS:
        return ""
    longest = digits if whole is None else min(int(whole), digits)
    ways = [
        rf"\d{{{count}}}\.\d{{0,{min(digits - count, int(places or digits))}}}0*"
        for count in range(longest + 1)
    ]
    return f"(?:{'|'.join(ways)})$"


def _end_of_group(pieces: list[str], start: int) -> int | None:
    """Return where the group that begins at a place ends."""
    depth = 0
    for at in range(start, len(pieces)):
        depth += _depth(pieces[at])
        if depth == 0:
            return at
    return None


def _is_divided(pieces: list[str]) -> bool:
    """Return True if there is a | in no group, of which the ^ is on one side alone."""
    depth = 0
    for piece in pieces:
        depth += _depth(piece)
        if piece == "|" and depth == 0:
            return True
    return False


def _depth(piece: str) -> int:
    """Return 1 for what opens a group, -1 for what closes one; flags alone, (?i), do both."""
    return piece.startswith("(") - piece.endswith(")") if piece[0] in "()" else 0
