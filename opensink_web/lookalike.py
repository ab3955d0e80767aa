# ruff: noqa: RUF001, RUF002 - the letters are what this is about
"""Letters that pass for others: a Cyrillic а in a Latin word, a full-width A, an l for a 1.

Two names that look the same can be two different names, and the one that is read need not be the
one that is used. A table of what fonts draw alike, the letters that names are made of.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from opensink_web.json_value import JSONValue

_ALIKE = {
    "a": "аα", "b": "Ь", "c": "сϲⅽ", "d": "ԁⅾ", "e": "еҽ℮", "g": "ց", "h": "һհ", "i": "іι",
    "j": "јϳյ", "k": "κ", "l": "ӏⅼ", "n": "ոռ", "o": "оοօ", "p": "рρ", "q": "ԛզ", "r": "гᴦ",
    "s": "ѕ", "u": "υս", "v": "νѵ", "w": "ԝա", "x": "хχ", "y": "уγ",
    "A": "АΑᎪ", "B": "ВΒᏴ", "C": "СϹᏟ", "D": "Ꭰ", "E": "ЕΕᎬ", "F": "Ϝ", "G": "ԌᏀ", "H": "НΗᎻ",
    "I": "ІΙӀ", "J": "ЈᎫ", "K": "КΚᏦ", "L": "Ꮮ", "M": "МΜᎷ", "N": "Ν", "O": "ОΟՕ", "P": "РΡᏢ",
    "S": "ЅՏᏚ", "T": "ТΤᎢ", "U": "Ս", "V": "ѴᏙ", "W": "ԜᎳ", "X": "ХΧ", "Y": "ҮΥ", "Z": "ΖᏃ",
}  # fmt: skip
LATIN_OF = {other: latin for latin, others in _ALIKE.items() for other in others}
"""The Latin letter that a letter of another script is drawn like."""
_OTHERS = "".join(LATIN_OF)
_OTHER = re.compile(f"[{_OTHERS}]")
_WORD = re.compile(rf"[\w{_OTHERS}]+")
_LATIN = re.compile("[A-Za-z]")
_SPECIAL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff]")
_WIDE_IN_ASCII = re.compile(
    rf"(?<=[!-~]){_SPECIAL_WIDTH.pattern}|{_SPECIAL_WIDTH.pattern}(?=[!-~])"
)
_UNSEEN = re.compile(
    r"[^\S ]|(?<=\s) |^ | $|[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]"
)
_LATIN_LOOK = str.maketrans(LATIN_OF)
_SAME_STROKE = str.maketrans({"1": "l", "I": "l", "|": "l", "0": "O", "o": "O"})


def impostors(text: str) -> list[int]:
    """Return where letters stand that pass for others in the word around them.

    A word of one script is what it is; one that mixes Latin letters with their likes is not.
    """
    if text.isascii():
        return []
    mixed = [
        at
        for word in _WORD.finditer(text)
        if _LATIN.search(word[0]) and _OTHER.search(word[0])
        for at in range(word.start(), word.end())
        if text[at] in LATIN_OF
    ]
    return sorted({*mixed, *(wide.start() for wide in _WIDE_IN_ASCII.finditer(text))})


def skeleton(text: str) -> str:
    """Return the same text for texts that look the same."""
    if not text.isascii():
        shown = (
            character for character in text if unicodedata.category(character) not in {"Cf", "Cc"}
        )
        text = unicodedata.normalize("NFKC", "".join(shown))
    return " ".join(text.split()).translate(_LATIN_LOOK).translate(_SAME_STROKE).replace("rn", "m")


def looks(name: str) -> frozenset[str]:
    """Return how a name looks to people, who take capitals and small letters for the same.

    Names that pass for each other have a look in common: some letters do so as capitals alone, as
    a Cyrillic М for a Latin one, and some as small ones, as an l for a capital I.
    """
    in_latin = unicodedata.normalize("NFKC", name).translate(_LATIN_LOOK)
    ways = (skeleton(name.casefold()), skeleton(in_latin.casefold()), skeleton(name))
    return frozenset(each.casefold() for each in ways)


def shared(texts: Iterable[str]) -> set[str]:
    """Return the looks that more than one of the texts has."""
    return {look for look, count in Counter(map(skeleton, texts)).items() if count > 1}


def alike_keys(value: JSONValue) -> set[str]:
    """Return the keys of objects in a value that look like another of the same object."""
    alike: set[str] = set()
    waiting: list[JSONValue] = [value]
    while waiting:
        match waiting.pop():
            case dict(members):
                if not all(
                    map(str.isascii, members)
                ):  # those of ASCII alone differ in any code font
                    looks = shared(members)
                    alike |= {key for key in members if skeleton(key) in looks}
                waiting += members.values()
            case list(items):
                waiting += items
    return alike


def spelled(text: str) -> str:
    """Write the code point behind every letter that another could be taken for.

    In place of what is not seen at all, or of white space that a page collapses, it stands alone.
    """
    return "".join(
        f"{character}{_code_point(character)}"
        if character in LATIN_OF or _SPECIAL_WIDTH.match(character)
        else character
        for character in _UNSEEN.sub(lambda unseen: _code_point(unseen[0]), text)
    )


def _code_point(character: str) -> str:
    return f"[U+{ord(character):04X}]"
