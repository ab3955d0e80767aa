"""Characters that nobody sees are named where they mislead, and left where they are needed."""

import sys
import unicodedata

import pytest

from opensink_web.visible_text import excerpts, has_hidden, in_plain, isolated, name_of

NEEDED = {
    "Persian": "می\u200cشود",
    "Devanagari": "क्\u200dष क्\u200cष",
    "Bengali ya after ra": "র\u200d্যা",
    "Malayalam at the end of a word": "ന്\u200d ",
    "a family": "👨\u200d👩\u200d👧\u200d👦",
    "a profession with a skin": "👩🏽\u200d💻",
    "a heart and a keycap": "❤\ufe0f 1\ufe0f\u20e3",
    "the flag of Wales": "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "thousands and units": "10\u00a0000\u202f€, 5\u00a0km",
    "French": "«\u202foui\u202f» quoi\u202f?",
    "Japanese": "東京\u3000大阪",
    "Han with a variant": "葛\U000e0100",
    "Hebrew with points": "בְּרֵאשִׁית",
    "Vietnamese, decomposed": unicodedata.normalize("NFD", "Việt Nam"),
    "Arabic with a sign before its number": "\u0600123",
    "lines of Windows": "a\r\nb\tc\n",
    "nothing": "",
}


@pytest.mark.parametrize("text", NEEDED.values(), ids=NEEDED.keys())
def test_what_a_script_needs_is_left_alone(text: str) -> None:
    assert in_plain(text) == text
    assert not has_hidden(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("EUR \u202e01 RUE\u202c", "EUR [U+202E]01 RUE[U+202C]"),
        ("\u2066a\u2069", "[U+2066]a[U+2069]"),
        ("Appr\u200bove", "Appr[U+200B]ove"),
        ("a\u200b\u200b\u200bb", "a[U+200B \u00d73]b"),
        ("a\u200eb\u200f\u061c", "a[U+200E]b[U+200F][U+061C]"),
        ("pass\u00adword", "pass[U+00AD]word"),
        ("a\u200db", "a[U+200D]b"),
        ("a\ufe0fb", "a[U+FE0F]b"),
        ("😀\ufe0f\ufe0f", "😀\ufe0f[U+FE0F]"),
        ("می\u200c\u200cخ", "می[U+200C \u00d72]خ"),
        ("🏴\U000e0078\U000e007f", "🏴[U+E0078][U+E007F]"),
        ("\u3164\u115f\uffa0\u2800", "[U+3164][U+115F][U+FFA0][U+2800]"),
        ("a\u00a0b", "a[U+00A0]b"),
        ("a\u2003b\u3000c", "a[U+2003]b[U+3000]c"),
        ("a\rb\x1b[31m\x00", "a[U+000D]b[U+001B][31m[U+0000]"),
        ("a\u2028b\u2029c", "a[U+2028]b[U+2029]c"),
        ("\u0301a\n\u0301b", "[1 combining character]a\n[1 combining character]b"),
        ("Z" + "\u0301" * 44, "Z" + "\u0301" * 4 + "[40 combining characters]"),
        ("a" + "\u200b\u200c" * 4, "a[8 invisible characters]"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_what_nobody_sees_is_named(text: str, shown: str) -> None:
    assert in_plain(text) == shown
    assert has_hidden(text)


def test_no_character_of_an_invisible_category_is_forgotten() -> None:
    invisible = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
    passed = {
        chr(number)
        for number in range(sys.maxunicode + 1)
        if unicodedata.category(chr(number)) in invisible and not has_hidden(f"a{chr(number)}b")
    }
    drawn = {*map(chr, range(0x600, 0x606)), *"\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"}
    assert passed == {" ", "\t", "\n"} | drawn


def test_keys_and_values_of_json_are_looked_through() -> None:
    assert has_hidden({"a": [1, {"b\u200b": None}]})
    assert has_hidden([True, ["\u202e"]])
    assert not has_hidden({"a": ["b", 1.5, None]})


def test_right_to_left_text_is_set_apart_and_other_text_is_not() -> None:
    assert isolated("אבג") == "\u2068אבג\u2069"
    assert isolated("EUR \u202e01") == "EUR [U+202E]01"


def test_an_excerpt_is_the_line_and_what_stands_around_it() -> None:
    assert excerpts("one\ntwo \u202e2\nthree") == ["two \u202e2"]
    [cut] = excerpts("x" * 1000 + "\u200b" + "y" * 1000)
    assert len(cut) < 400
    assert "\u200b" in cut
    assert excerpts("nothing") == []
    assert len(excerpts("\u200b\n" * 100)) == 6


def test_a_name_is_the_one_of_unicode() -> None:
    assert name_of("\u202e") == "right-to-left override"
    assert name_of("\x1b") == "escape"
    assert name_of("\x81") == "control character"
