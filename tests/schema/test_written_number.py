"""A number as people write it: read exactly, or refused in words; never another number."""

import re

import pytest

from opensink_web.json_value import dump
from opensink_web.schema.written_number import EXAMPLE, EXAMPLE_WHOLE, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2,5", 2.5),
        ("2.5", 2.5),
        ("1.125", 1.125),
        ("0,500", 0.5),
        ("1234,567", 1234.567),
        ("1,2345", 1.2345),
        (",5", 0.5),
        ("-,5", -0.5),
        ("1.200,50", 1200.5),
        ("1,200.50", 1200.5),
        ("1.200.300", 1200300),
        ("1,200,300", 1200300),
        ("12,00,000", 1200000),
        ("1.200.300,5", 1200300.5),
        ("1 200", 1200),
        ("1\u00a0200", 1200),
        ("1\u202f200,5", 1200.5),
        ("1\u2009200", 1200),
        ("1'200", 1200),
        ("1\u2019200.50", 1200.5),
        ("\u22125", -5),
        ("\u20135,5", -5.5),
        ("- 5", -5),
        ("+5", 5),
        (" \u00a012\n", 12),
        ("\uff11\uff12\uff0d", None),
        ("\uff0d\uff11\uff12", -12),
        ("\u0661\u0662", 12),
        ("007", 7),
        ("5.", 5.0),
        ("1.0", 1.0),
        ("1e3", 1000.0),
        ("1,5E-2", 0.015),
        ("0.0", 0.0),
        ("-0.0", -0.0),
        ("0e999999", 0.0),
        ("9007199254740993", 2**53 + 1),
        ("9007199254740993.0", 2**53 + 1),
        ("7205759403792794021", 7205759403792794021),
        ("0.1", 0.1),
        ("0.30000000000000004", 0.30000000000000004),
        ("1.10", 1.1),
        ("5e-324", 5e-324),
        ("1.7976931348623157e308", 1.7976931348623157e308),
    ],
)
def test_a_number_is_read_exactly(text: str, number: float | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match=re.escape(EXAMPLE)):
            read_number(text, is_whole=False)
    else:
        assert dump(read_number(text, is_whole=False)) == dump(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e3", 1000),
        ("1.0", 1),
        ("1,0", 1),
        ("12e-1e", None),
        ("120e-1", 12),
        ("-0.0", 0),
        ("1.200.300", 1200300),
        ("1.200,00", 1200),
        ("9007199254740993.0", 2**53 + 1),
        ("1e399", 10**399),
    ],
)
def test_a_whole_number_is_an_integer_however_it_is_written(text: str, number: int | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match=re.escape(EXAMPLE_WHOLE)):
            read_number(text, is_whole=True)
    else:
        assert dump(read_number(text, is_whole=True)) == dump(number)


@pytest.mark.parametrize(
    "text",
    [
        *("12-", "1e", "--1", "+-1", "1.5.2", "1e1.5", "-", ".", ","),
        *("1,20,30", "12 00", "1 2", "1,200,50", "1.200.50", "0.500,5", "1,200,300,5"),
        *("12,00,000,5", "1.200'300", "€ 12", "12 €", "12%", "½", "one"),
        *("NaN", "Infinity", "0x1f", "1_000"),
    ],
)
@pytest.mark.parametrize("is_whole", [True, False])
def test_what_is_no_number_is_refused(text: str, is_whole: bool) -> None:
    with pytest.raises(ValueError, match=re.escape(EXAMPLE_WHOLE if is_whole else EXAMPLE)):
        read_number(text, is_whole=is_whole)


@pytest.mark.parametrize(
    ("text", "is_whole", "words"),
    [
        ("1,200", False, "1,200 can be read as 1200 or as 1.2. Write 1200 or 1.2."),
        ("-1,000", False, "1,000 can be read as 1000 or as 1. Write 1000 or 1."),
        ("1,200", True, "1,200 can be read as 1200 or as 1.2. Write 1200 if you mean that."),
        ("1.000", True, "1.000 can be read as 1000 or as 1. Write 1000 if you mean that."),
    ],
)
def test_what_can_be_read_as_two_numbers_is_refused_with_both(
    text: str, is_whole: bool, words: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_number(text, is_whole=is_whole)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("12345678901234567.89", "The nearest one that can is 1.2345678901234568e+16."),
        ("0.1000000000000000055", "The nearest one that can is 0.1."),
        ("1e-400", "This number has more digits than can be kept."),
        ("1e400", "This number is too large to be stored."),
        ("1e99999999999999999999", "This number is too large to be stored."),
        ("9" * 401, "This number is too large to be stored."),
        ("9" * 5000, "This number is too large to be stored."),
    ],
)
def test_what_cannot_be_kept_is_refused_and_never_rounded(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_number(text, is_whole=False)


def test_half_a_number_where_a_whole_one_is_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match=r"This must be a whole number\."):
        read_number("1.5", is_whole=True)
