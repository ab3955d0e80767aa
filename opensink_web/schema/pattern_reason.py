"""Why a pattern is refused, in a sentence that says what to write instead.

The engine takes what it can match in linear time; what others take beside that is named.
"""

import re
from collections.abc import Iterator

_GROUPS = {
    "(?<=": "a look-behind, (?<=…)",
    "(?<!": "a negative look-behind, (?<!…)",
    "(?>": "an atomic group, (?>…)",
    "(?(": "a conditional group, (?(…)…)",
    "(?R": "a recursive group, (?R)",
    "(?P=": "a back-reference, (?P=…)",
}
_SLOW = (
    "Patterns cannot use {}, because matching one can take forever. Rewrite this one without it."
)
_LOOK_AHEADS = {
    "(?=": (
        "Patterns can have a look-ahead, (?=…), only at the very start, right after ^, as in "
        "^(?=.*[0-9])[a-z0-9]+$; elsewhere, matching one can take forever. Write it there (at most "
        "20, and alternatives behind them in a group), or make it a pattern of its own in allOf."
    ),
    "(?!": (
        "Patterns can have a negative look-ahead, (?!…), only at the very start, right after ^, as "
        "in ^(?!-)[a-z-]+$; elsewhere, matching one can take forever. Write it there (at most 20, "
        "and alternatives behind them in a group), or make it a pattern of its own under not."
    ),
}
_COMMENT = "Patterns cannot have comments, (?#…). Take the comment out."
_PLAIN = "This is not a valid regular expression."
_TOO_LARGE = (
    "This pattern is too large: it needs more than 4 MiB. Repeat less in it, and limit the length "
    "of a text with maxLength instead."
)
_ESCAPE = re.compile(r"\\(?:[1-9]|[kg][<{'])")
_PIECE = re.compile(r"\\.[<{']?|\(\?(?:P=|<?.)|[\[\](){}*+?]|.", re.DOTALL)
_COUNT = re.compile(r"\{(\d+),(\d+)\}")


def reason_of(part: str, pattern: str) -> str:
    """Say what is wrong with a part of a pattern that the engine has refused."""
    pieces = list(_outside_classes(part))
    is_closed = sum(piece[0] == "(" for piece in pieces) == pieces.count(")")
    for piece in pieces:
        if _ESCAPE.match(piece):
            return _SLOW.format(f"a back-reference, {piece[:2]}")
        if piece == "(?#":
            return _COMMENT
        if piece in _GROUPS:
            return _SLOW.format(_GROUPS[piece])
        if piece in _LOOK_AHEADS and is_closed:
            return _LOOK_AHEADS[piece]
    return _of_form(pattern) or _TOO_LARGE


def _outside_classes(pattern: str) -> Iterator[str]:
    """Yield the pieces of a pattern that are not inside [brackets]."""
    is_inside = False
    for piece in (match[0] for match in _PIECE.finditer(pattern)):
        if not is_inside:
            yield piece
        if piece == "[":
            is_inside = True
        elif piece == "]":
            is_inside = False


def _of_form(pattern: str) -> str:
    """Say what is wrong with a pattern's form, nothing when it is well-formed."""
    for low, high in _COUNT.findall(pattern):
        if int(low) > int(high):
            return f"The count {{{low},{high}}} has its larger number first."
    try:
        re.compile(pattern.replace("(?<", "(?P<"))
    except re.error as error:
        return _of_syntax(error)
    except (OverflowError, RecursionError):
        return _TOO_LARGE
    return "" if re.search(r"\d{3,}\}", pattern) or len(pattern) > 1000 else _PLAIN


def _of_syntax(error: re.error) -> str:
    place = "" if error.pos is None else f" at character {error.pos + 1}"
    for words, sentence in _SYNTAX.items():
        if words in error.msg:
            return f"This is not a valid regular expression: {sentence}{place}."
    return _PLAIN


_SYNTAX = {
    "unterminated character set": "the [ has no ] to close it,",
    "missing ), unterminated": "the ( has no ) to close it,",
    "unbalanced parenthesis": "there is a ) without a (",
    "nothing to repeat": "there is nothing to repeat before the quantifier",
    "incomplete escape": "there is an incomplete escape",
    "bad escape": "there is an unknown escape",
    "bad character range": "the range in the [ ] runs backwards,",
    "unknown extension": "there is an unknown kind of group",
    "redefinition of group name": "two groups have the same name,",
}
