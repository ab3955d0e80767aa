"""A regular expression taken apart: escapes, classes, the signs of groups, counts, characters."""

import re
from collections.abc import Iterator

_ESCAPE = r"""\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}   # a surrogate pair
      | \\u\{[\da-fA-F]+\} | \\u[\da-fA-F]{4} | \\x\{[\da-fA-F]+\} | \\x[\da-fA-F]{2}
      | \\U[\da-fA-F]{8} | \\c[A-Za-z] | \\[pP]\{[^}]*\} | \\[pP]\w | \\0\d+ | \\."""
PIECE_IN_CLASS = re.compile(rf"{_ESCAPE} | .", re.VERBOSE | re.DOTALL)
_GROUP = r"\(\?(?:P?<\w+>|<[=!]|[a-zA-Z]*(?:-[a-zA-Z]+)?[:)]|[^\]\\])?"
_PIECE = re.compile(rf"{_ESCAPE} | {_GROUP} | \{{\d+(?:,\d*)?\}} | .", re.VERBOSE | re.DOTALL)
_OPEN = "This is not a valid regular expression: the [ has no ] to close it."


class PatternRefused(Exception):
    """A pattern that would have to be given another meaning; the text says which part of it."""


def pieces_of(pattern: str) -> Iterator[str]:
    """Take a pattern apart; a class is one piece.

    Raises: PatternRefused for a class without an end.
    """
    at = 0
    while match := _PIECE.match(pattern, at):
        start, at = at, match.end()
        if match[0] == "[":
            while (inner := PIECE_IN_CLASS.match(pattern, at)) and inner[0] != "]":
                at = inner.end()
            if not inner:
                raise PatternRefused(_OPEN)
            at = inner.end()
        yield pattern[start:at]
