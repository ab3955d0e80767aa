"""A number as people write it, read exactly or refused in words; never another number.

Both decimal signs are understood, and thousands set apart by spaces, apostrophes, points or commas,
as long as there is one way to read it. A JSON number is kept as an integer of any size or as a
double; what a double cannot hold is refused.
"""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from opensink_web.json_value import MAX_INTEGER_DIGITS

MAX_CHARACTERS = 1_000
NOT_WHOLE = "This must be a whole number."
TOO_LARGE = "This number is too large to be stored."
EXAMPLE_WHOLE = "Enter a whole number using digits only, such as 1200."
EXAMPLE = "Enter a number, such as 1200.5, without a unit or other words."

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        "\uff0b": "+",
    }
)
_NUMBER = re.compile(r"([+-]?) ?([0-9][0-9 '.,]*|[.,][0-9]+)(?:[eE]([+-]?[0-9]+))?")
_SIMPLE = re.compile(r"[0-9]*[.,]?[0-9]*")
_DOUBTFUL = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_GROUPED = re.compile(
    r"([1-9][0-9]{0,2}(?:([ '.,])[0-9]{3})(?:\2[0-9]{3})*"  # 1 200 000
    r"|[1-9][0-9]?(?:(,)[0-9]{2})+,[0-9]{3})"  # 12,00,000
    r"(?:(?!\2|\3)[.,]([0-9]*))?"
)


def read_number(text: str, *, is_whole: bool) -> int | float:
    """Return the number that was written, an integer where it was written or asked for as one.

    Raises: ValueError with a sentence for people.
    """
    tidy = "".join(map(_ascii_digit, text.translate(_ALIKE))).strip()
    if len(tidy) > MAX_CHARACTERS:
        raise ValueError(TOO_LARGE)
    match = _NUMBER.fullmatch(tidy)
    plain = _ungrouped(match[2], is_whole=is_whole) if match else ""
    if match is None or not plain:
        raise ValueError(EXAMPLE_WHOLE if is_whole else EXAMPLE)
    if "." not in plain and match[3] is None:
        return _integer(int(match[1] + plain))
    try:
        exact = Decimal(f"{match[1]}{plain}e{match[3] or 0}")
    except InvalidOperation:  # an exponent of more digits than there can be
        raise ValueError(TOO_LARGE) from None
    return _kept(exact, is_whole=is_whole)


def _ascii_digit(character: str) -> str:
    """Return a digit of any script, such as a full-width one, as the digit that it is."""
    digit = None if character.isascii() else unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _ungrouped(digits: str, *, is_whole: bool) -> str:
    """Return digits with nothing but a decimal point between, nothing for what is no number.

    Raises: ValueError for what can be read as two.
    """
    if _SIMPLE.fullmatch(digits):
        plain = digits.replace(",", ".")
        # A point is JSON's own decimal sign, so 1.125 is what it says; but who writes 1.200 where
        # only a whole number can be meant is more likely to mean 1200.
        if _DOUBTFUL.fullmatch(digits) and (is_whole or "," in digits):
            large, small = plain.replace(".", ""), plain.rstrip("0").rstrip(".")
            meant = f"{large} if you mean that" if is_whole else f"{large} or {small}"
            raise ValueError(f"{digits} can be read as {large} or as {small}. Write {meant}.")
        return plain
    match = _GROUPED.fullmatch(digits)
    if match is None:
        return ""
    whole = re.sub("[^0-9]", "", match[1])
    return whole if match[4] is None else f"{whole}.{match[4]}"


def _kept(exact: Decimal, *, is_whole: bool) -> int | float:
    """Return a number with a decimal point or an exponent as JSON keeps it. Raises: ValueError."""
    if exact and exact.adjusted() >= MAX_INTEGER_DIGITS:
        raise ValueError(TOO_LARGE)
    is_integral = exact == exact.to_integral_value()
    if is_whole and not is_integral:
        raise ValueError(NOT_WHOLE)
    number = float(exact)
    if not is_whole and Decimal(repr(number)) == exact:
        return number
    if is_integral:
        return int(exact)
    raise ValueError(
        f"This number has more digits than can be kept. The nearest one that can is {number!r}."
    )


def _integer(number: int) -> int:
    if abs(number) >= 10**MAX_INTEGER_DIGITS:
        raise ValueError(TOO_LARGE)
    return number
