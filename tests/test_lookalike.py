"""Letters that pass for others are found where they pass for them, and nowhere else."""

# ruff: noqa: RUF001 - the letters are what this is about

import time

import pytest

from opensink_web.lookalike import alike_keys, impostors, looks, shared, skeleton, spelled
from opensink_web.visible_text import has_hidden, in_plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("аmount", "а[U+0430]mount"),
        ("pay_tо", "pay_tо[U+043E]"),
        ("Аcme and Αcme", "А[U+0410]cme and Α[U+0391]cme"),
        ("ａmount", "ａ[U+FF41]mount"),
        ("am\u200bоunt", "am[U+200B]о[U+043E]unt"),
    ],
)
def test_a_letter_that_passes_for_latin_in_a_latin_word_is_marked(text: str, shown: str) -> None:
    assert in_plain(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "amount",
        "сахар и рост",
        "Привет API",
        "Δt σ2 µm",
        "naïve kırmızı Zoë",
        "日本ＡＢＣ",
        "",
        "10 ×",
    ],
)
def test_words_of_one_script_are_left_alone(text: str) -> None:
    assert impostors(text) == []
    assert in_plain(text) == text


def test_a_long_word_is_looked_at_once() -> None:
    began = time.thread_time()
    assert impostors("é" + "W" * 300_000) == []
    assert impostors("W" * 300_000 + "а") == [300_000]
    assert time.thread_time() - began < 5, "letter by letter it takes minutes"


def test_a_letter_that_is_seen_is_not_hidden() -> None:
    assert not has_hidden("аmount")


@pytest.mark.parametrize(
    "pair",
    [
        ("copy", "сору"),
        ("iteml", "item1"),
        ("amount", "ａｍｏｕｎｔ"),
        ("a b", "a  b"),
        ("a", "a\u200b"),
    ],
)
def test_two_names_that_look_the_same_have_one_skeleton(pair: tuple[str, str]) -> None:
    assert len({skeleton(name) for name in pair}) == 1
    assert len(shared([*pair, "other"])) == 1


def test_names_that_look_different_have_two() -> None:
    assert shared(["amount", "Amount", "amounts", "b", "6"]) == set()


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Main", "Мain"),
        ("MAIN", "main"),
        ("Mail", "MaIl"),
        ("Mall", "MaIl"),
        ("Мир", "мир"),
        ("ΟΤΕ", "OTE"),
        ("Finance", "Ｆｉｎａｎｃｅ"),
        ("Straße", "STRASSE"),
        ("modem", "modern"),
    ],
)
def test_names_that_people_take_for_each_other_share_a_look(name: str, other: str) -> None:
    assert looks(name) & looks(other)


def test_honest_names_of_each_script_do_not() -> None:
    names = ["Mail", "Mall", "Финансы", "Οικονομικά", "財務", "财务", "מכירות", "المالية", "재무"]
    for at, name in enumerate(names):
        assert not any(looks(name) & looks(other) for other in names[at + 1 :]), name


def test_each_letter_in_question_is_spelled_out() -> None:
    assert spelled("сору, OK") == "с[U+0441]о[U+043E]р[U+0440]у[U+0443], OK"


def test_keys_are_compared_within_their_object() -> None:
    assert alike_keys({"copy": 1, "x": [{"сору": 1}]}) == set()
    assert alike_keys({"x": [{"copy": 1, "сору": 2, "z": 3}]}) == {"copy", "сору"}


def test_white_space_that_a_page_collapses_is_spelled_out() -> None:
    assert spelled("a b\nc\td") == "a b[U+000A]c[U+0009]d"
    assert spelled(" a  b\u200b") == "[U+0020]a [U+0020]b[U+200B]"
