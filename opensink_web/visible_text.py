"""Characters that nobody sees: where they stand in a text, and what to write in their place.

Direction marks let a reader see `EUR 10` where `01 RUE` is stored; others hide text, or let two
names look alike. Whoever decides by what is shown has to see them. What a script or an emoji needs
is left alone: a joiner between Persian letters or the parts of a family, a no-break space in
`10 000`. Right-to-left text itself is no trouble; it is for the page to set it apart.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import filterfalse

from opensink_web.json_value import JSONValue
from opensink_web.lookalike import LATIN_OF, impostors

MARKS_MAX = 500
"""So many marks of a text carry all that is known; one with more says only the code points."""
_EXCERPTS_MAX, _EXCERPT_BEFORE, _EXCERPT_AFTER = 6, 80, 240
_APART_MAX = 4
_STACKED_MAX = 4
"""So many combining characters on one letter; more would be drawn over the lines around it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in place of one hidden character or a run of them; `title` says what they are.

    Nothing is `hidden` where the mark stands behind a letter that passes for another.
    """

    label: str
    title: str
    hidden: str


def pieces(text: str) -> Iterator[str | Mark]:
    """Yield the text in order, with a mark for every run of characters that are not seen."""
    shown = 0
    for run in _SUSPECTS.finditer(text):
        for start, end in _hidden_spans(text, run.start(), run.end()):
            yield from _with_impostors(text[shown:start])
            yield from _marks(text[start:end])
            shown = end
    yield from _with_impostors(text[shown:])


def _with_impostors(text: str) -> Iterator[str | Mark]:
    begun = 0
    for at in impostors(text):
        yield text[begun : at + 1]
        latin = LATIN_OF.get(text[at]) or unicodedata.normalize("NFKC", text[at])
        yield Mark(_code(text[at]), f"{name_of(text[at])}, not the letter {latin}", "")
        begun = at + 1
    if begun < len(text):
        yield text[begun:]


def is_plain(text: str) -> bool:
    """Return True if all of a text is ASCII that is seen: there is nothing to mark."""
    return text.isascii() and _SUSPECTS.search(text) is None


def in_plain(text: str) -> str:
    """Write every hidden character as `[U+202E]`, for where there is room for text alone."""
    if is_plain(text):
        return text
    return "".join(
        piece if isinstance(piece, str) else f"[{piece.label}]" for piece in pieces(text)
    )


def isolated(text: str) -> str:
    """Write the text in plain, and so that its direction does not turn what stands around it."""
    plain = in_plain(text)
    return f"\u2068{plain}\u2069" if is_right_to_left(plain) else plain


def is_right_to_left(text: str) -> bool:
    """Return True if a letter in the text is read from right to left."""
    return not text.isascii() and _RIGHT_TO_LEFT.search(text) is not None


def has_hidden(value: JSONValue) -> bool:
    """Return True if a text, or any text or key in a JSON value, has hidden characters."""
    waiting: list[JSONValue] = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                if first_hidden(text) is not None:
                    return True
            case dict(members):
                waiting += [*members.keys(), *members.values()]
            case list(items):
                waiting += items
    return False


def first_hidden(text: str) -> str | None:
    """Return how the first hidden character of a text is called, None where there is none."""
    marks = () if is_plain(text) else pieces(text)
    hidden = (piece for piece in marks if isinstance(piece, Mark) and piece.hidden)
    return next((piece.label for piece in hidden), None)


def excerpts(text: str) -> list[str]:
    """Return what stands around the first hidden characters of each line, for a few lines."""
    lines: list[str] = []
    for line in text.split("\n"):
        if not has_hidden(line):
            continue
        at = next(suspect.start() for suspect in _SUSPECTS.finditer(line))
        start, end = max(0, at - _EXCERPT_BEFORE), at + _EXCERPT_AFTER
        lines.append("…" * (start > 0) + line[start:end] + "…" * (end < len(line)))
        if len(lines) == _EXCERPTS_MAX:
            return lines
    return lines


def name_of(character: str) -> str:
    """Name a character as Unicode does, in small letters."""
    name = unicodedata.name(character, "") or _CONTROLS.get(character, "")
    return name.lower() or "control character"


def _hidden_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a run of suspects that no script and no emoji needs."""
    begun = start
    for at in range(start, end):
        if _is_needed(text, at):
            if begun < at:
                yield begun, at
            begun = at + 1
    if begun < end:
        yield begun, end


def _marks(hidden: str) -> Iterator[Mark]:
    if _is_combining(hidden[0]):
        count = (
            "1 combining character" if len(hidden) == 1 else f"{len(hidden)} combining characters"
        )
        yield Mark(count, "would be drawn over the text around it", hidden)
        return
    runs = [run[0] for run in _SAME.finditer(hidden)]
    if len(runs) > _APART_MAX:
        codes = " ".join(_code(character) for character in hidden[:8])
        title = f"{codes} …" if len(hidden) > 8 else codes
        yield Mark(f"{len(hidden)} invisible characters", title, hidden)
        return
    for run in runs:
        times = f" \u00d7{len(run)}" if len(run) > 1 else ""
        yield Mark(_code(run[0]) + times, name_of(run[0]), run)


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _is_needed(text: str, at: int) -> bool:
    """Return True if a suspect does its proper work here, where leaving it out would be wrong."""
    before, here, after = text[at - 1 : at] if at else "", text[at], text[at + 1 : at + 2]
    match here:
        case "\r":
            return after == "\n"
        case "\u200c" | "\u200d":
            joins_emoji = here == "\u200d" and _is_symbol(after) and _is_symbol(_base(text, at))
            return joins_emoji or _joins_letters(before, after)
        case "\ufe0e" | "\ufe0f":
            return _is_symbol(before) or (before in _KEYCAPS and after == "\u20e3")
        case "\u00a0" | "\u202f" | "\u2009":
            return _is_typography(before, after)
        case "\u3000":
            return _is_wide(before) or _is_wide(after)
        case _ if "\u180b" <= here <= "\u180f":
            return _is_mongolian(before) and (here != "\u180e" or _is_mongolian(after))
        case _ if "\ufe00" <= here <= "\ufe0d" or "\U000e0100" <= here <= "\U000e01ef":
            return _is_wide(before) and not _is_symbol(before)
        case _ if "\U000e0020" <= here <= "\U000e007f":
            flag = text.rfind("\U0001f3f4", max(0, at - 7), at)
            return flag >= 0 and any(
                text.startswith(sequence, flag) and at < flag + len(sequence) for sequence in _FLAGS
            )
    return False


def _base(text: str, at: int) -> str:
    """Return the emoji before a joiner, without what varies its look."""
    while at > 0 and (text[at - 1] == "\ufe0f" or "\U0001f3fb" <= text[at - 1] <= "\U0001f3ff"):
        at -= 1
    return text[at - 1] if at else ""


def _is_symbol(character: str) -> bool:
    return bool(character) and (
        unicodedata.category(character) in {"So", "Sm"} or character in _MORE_SYMBOLS
    )


def _joins_letters(before: str, after: str) -> bool:
    if not before or not _JOINING.match(before):
        return False
    return _JOINING.match(after) is not None or unicodedata.combining(before) == _VIRAMA


def _is_typography(before: str, after: str) -> bool:
    """As in `10 000`, `5 km`, `« oui »`, `quoi ?`."""
    return (before.isdigit() and after.isalnum()) or (
        before == "«" or (after != "" and after in "»?!:;%€$£¥")
    )


def _is_wide(character: str) -> bool:
    return bool(character) and unicodedata.east_asian_width(character) in {"W", "F"}


def _is_mongolian(character: str) -> bool:
    return "\u1820" <= character <= "\u18aa"


def _is_combining(character: str) -> bool:
    return unicodedata.category(character) in _COMBINING_CATEGORIES and not _HIDDEN.match(character)


def _ranges(numbers: Iterator[int]) -> str:
    """Write code points in ascending order as the inside of a class of a regular expression."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


_SEEN_FORMATS = {
    *range(0x600, 0x606),  # Arabic number signs and their like: of the format category, but drawn
    *(0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD),
}
_UNSEEN = {
    *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x16FE4),
    *range(0x180B, 0x1810),
    *range(0x2065, 0x2066),
    *range(0xFE00, 0xFE10),
    *range(0xFDD0, 0xFDF0),
    *range(0xFFF0, 0xFFFC),
    *(0xFFFE, 0xFFFF),
}
"""Of other categories, and not drawn all the same: fillers, variation selectors, blanks."""
_COMBINING_CATEGORIES = {"Mn", "Me"}
_UNSEEN_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
_KEPT = {ord(" "), ord("\t"), ord("\n")}
_LAST_PLANE_WITH_MARKS = 0x20000
_SPECIALS = range(0xE0000, 0xE1000)


def _is_unseen(number: int) -> bool:
    if number in _KEPT or number in _SEEN_FORMATS:
        return False
    return number in _UNSEEN or unicodedata.category(chr(number)) in _UNSEEN_CATEGORIES


def _hidden_and_combining() -> tuple[str, str]:
    """Return the insides of two classes. Letters are in neither, but for those in `_UNSEEN`.

    Every process looks through all planes as it starts, so it asks for few categories.
    """
    others = filterfalse(str.isalpha, map(chr, range(_LAST_PLANE_WITH_MARKS)))
    categories = _UNSEEN_CATEGORIES | _COMBINING_CATEGORIES
    suspects = [ord(each) for each in others if unicodedata.category(each) in categories]
    hidden = sorted(code for code in _UNSEEN.union(suspects) if _is_unseen(code))
    combining = (
        code
        for code in suspects
        if unicodedata.category(chr(code)) in _COMBINING_CATEGORIES and not _is_unseen(code)
    )
    return _ranges(iter([*hidden, *_SPECIALS])), _ranges(combining)


_UNSEEN_CLASS, _COMBINING = _hidden_and_combining()
_HIDDEN = re.compile(f"[{_UNSEEN_CLASS}]")
_SUSPECTS = re.compile(
    # hidden ones; combining ones with nothing to stand on; and those beyond what fits on a letter
    f"{_HIDDEN.pattern}+|^[{_COMBINING}]+|(?<=[{_COMBINING}]{{{_STACKED_MAX}}})[{_COMBINING}]+",
    re.MULTILINE,
)
_SAME = re.compile(r"(.)\1*", re.DOTALL)
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
# scripts whose letters change their shape beside each other: Arabic and its like, those of India
# and its neighbours, Mongolian
_JOINING = re.compile(
    "[\u0600-\u07ff\u0840-\u086f\u08a0-\u0dff\u0f00-\u109f\u1780-\u18aa\u1b00-\u1bff"
    "\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00011000-\U00011fff]"
)
_VIRAMA = 9
_KEYCAPS = frozenset("0123456789#*")
_MORE_SYMBOLS = frozenset("\u203c\u2049\u2139\u3030\u303d")
_FLAGS = tuple(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(one)) for one in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
_CONTROLS = {
    "\0": "null",
    "\b": "backspace",
    "\r": "carriage return",
    "\x1b": "escape",
    "\x7f": "delete",
}
