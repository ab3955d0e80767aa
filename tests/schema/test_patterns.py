r"""A pattern means what ECMA-262 says with the flag `u`, wherever a schema has one.

What matches was compared with V8's `new RegExp(pattern, "u")` over 60,000 made-up patterns.
"""

import re
from collections.abc import Callable
from itertools import product

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.errors import FieldError, InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.controls.text import rules_of
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.schema.line_breaks import may_have_lines
from opensink_web.schema.patterns import matcher, translated
from opensink_web.schema.secrets import secrets_of
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit

OLDER = [f"http://json-schema.org/draft-0{number}/schema#" for number in (4, 6, 7)]

# pattern, what matches it, what does not
MEANINGS = [
    # digits, letters and blanks are those of ECMA-262, not of Unicode or Rust
    (r"^\d+$", ["1"], ["\u0661", "x"]),
    (r"^\D$", ["\u0661"], ["1"]),
    (r"^[\d]$", ["1"], ["\u0661"]),
    (r"^[^\d]$", ["\u0661"], ["1"]),
    (r"^\w$", ["a", "_"], ["é"]),
    (r"^\W$", ["é"], ["a"]),
    (r"^[^\w]$", ["é"], ["a"]),
    (r"^\s$", ["\u00a0", "\ufeff", "\u2028", "\x0b"], ["\x85", "\u200b", "\x1c"]),
    (r"^[\S]$", ["\x85"], ["\ufeff"]),
    (r"\bé", [], ["é"]),
    (r"a\bé", ["aé"], ["ae"]),
    (r"^\Bé", ["é"], []),
    (r"^.$", ["a", "é", "👍", "\x85"], ["\n", "\r", "\u2028", "\u2029"]),
    (r"^[^a]$", ["\n", "\r"], ["a"]),
    # anchors are those of the whole text
    (r"^a$", ["a"], ["a\n", "b\na"]),
    # escapes
    (r"^a\/b\-c$", ["a/b-c"], ["ab"]),
    (r"^\<\>$", ["<>"], [""]),
    (r"^\cA\cj$", ["\x01\n"], ["Aj"]),
    (r"^\u0041\x42\u{43}$", ["ABC"], []),
    (r"^\ud83d\udc4d$", ["👍"], []),
    (r"^[\ud83d\udc4d]$", ["👍"], ["x"]),
    (r"^\v\f\t\r\n$", ["\v\f\t\r\n"], []),
    (r"^[\b]$", ["\b"], ["b"]),
    (r"^[\x00-\x7F]*$", ["a"], ["é"]),
    (r"^\0$", [], ["0"]),
    # classes: no union, no intersection, no difference
    (r"^[a-z&&b~~-]+$", ["a&~b", "-"], ["A"]),
    (r"^[a&&b]$", ["a", "b", "&"], ["c"]),
    (r"^[a~~b]$", ["a", "b", "~"], ["c"]),
    (r"^[+--]$", ["+", ",", "-"], ["."]),
    (r"^[a-c--]$", ["a", "-"], ["d"]),
    (r"^[^[\]]+$", ["A-1"], ["A[1]", ""]),
    (r"^[a[b-z]]$", ["a]", "[]"], ["a", "c"]),
    (r"^[[:alpha:]]$", [":]", "a]", "[]"], ["b", "x"]),
    (r"^[a\]b]$", ["a", "]", "b"], ["\\"]),
    (r"^[]$", [], ["", "]"]),
    (r"^[^]$", ["a", "\n"], [""]),
    (r"^[]a]$", [], ["a", "]"]),
    # a hyphen beside a set, which many e-mail patterns have
    (r"^[\w-.]+$", ["a-b.c"], ["é", "+"]),
    (r"^[\d-z]$", ["-", "1", "z"], ["a"]),
    (r"^[%-\d]$", ["%", "-", "1"], ["&"]),
    # halves of surrogate pairs, which no text has
    (r"^[^\ud800-\udfff]*$", ["grün ✓ 👍"], []),
    (r"^[\u0000-\uffff]*$", ["é"], ["👍"]),
    (r"^[\u{10000}-\u{10FFFF}]$", ["👍"], ["a"]),
    # properties
    (r"^\p{L}\p{Lu}\P{L}$", ["éÉ1"], ["111"]),
    (r"^\p{Script=Greek}\p{sc=Greek}\p{scx=Greek}$", ["\u03b1\u03b1\u03b1"], ["aaa"]),
    (r"^\p{General_Category=Lu}\p{gc=Lu}$", ["ÉA"], ["éa"]),
    (r"^\p{Emoji_Presentation}$", ["👍"], ["1"]),
    (r"^[\p{L}\p{N}_]+$", ["é1_"], ["-"]),
    # groups, counts, what only looks like one
    (r"^(?<year>\d{4})-(?:a|b)$", ["2020-a"], ["2020-c"]),
    (r"^a{2,}b{1}c??$", ["aab"], ["ab"]),
    (r"^{a}$", ["{a}"], ["a"]),
    (r"^x{a,3}$", ["x{a,3}"], ["xxx"]),
    (r"^\{{2}$", ["{{"], ["{"]),
]  # fmt: skip


def of_text(pattern: str) -> JSONObject:
    return {"properties": {"a": {"type": "string", "pattern": pattern}}}


@pytest.mark.parametrize(("pattern", "fitting", "others"), MEANINGS)
def test_it_means_the_same_for_texts_and_for_names(
    pattern: str, fitting: list[str], others: list[str]
) -> None:
    by_name: JSONObject = {"patternProperties": {pattern: {"writeOnly": True, "type": "string"}}}
    for schema in (of_text(pattern), by_name):
        check_schema(schema)
        for uri in OLDER:  # whose meta-schemas look at patterns, too
            check_schema(dict(schema, **{"$schema": uri}))
            validate(dict(schema, **{"$schema": uri}), {"a": "x"})
    for text in [*fitting, *others]:
        does_match = text in fitting
        assert (validate(of_text(pattern), {"a": text}) == ()) == does_match, text
        assert (validate(by_name, {text: 1}) != ()) == does_match, text
        assert list(secrets_of(by_name).paths_in({text: "x"})) == [(text,)] * does_match


DECIMAL = r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"  # as Pydantic writes it
AHEAD = [
    (DECIMAL, ["1", "-0.50", "007.", "+.5"], ["", "-", ".", "+.", "1.2.3", "1e3", "a", "1\n"]),
    (r"^(?!-)\d{0,4}|(?=[\d.]{1,7}0*$)\d{0,4}\.\d{0,2}0*$", None, None),
    (r"^(?!-)[|(?=[\d.]{1,7}0*$)\d{0,4}\.\d{0,2}0*$", None, None),
    (r"^(?=.*[0-9])(?=.*[a-z]).{8,}$", ["abcdefg1"], ["abcdefgh", "a1", "12345678", "\nabcdefg1"]),
    (r"^(?=.*[0-9])(?!.*(?:abc|xyz))(?=[^)(]*$)", ["1", "1\nabc"], ["xabc1", "x", "1)"]),
    (r"^(?!a|b)[a-c]", ["c"], ["a", "b", "xc"]),
    (r"^(?!a|b)(?:a|[b-d])$", ["c"], ["a", "b"]),
    (r"^(?=[(|)])\(|^", None, None),
    (r"^(?=a)", ["a", "ab"], ["", "ba"]),
    (r"^(?!\.)(?!.*\.\.)([\w'+\-\.]*)[\w+-]@([a-z][a-z\-]*\.)+[a-z]{2,}$",
     ["a.b@c.de"], [".a@c.de", "a..b@c.de", "a@c"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"), [case for case in AHEAD if case[1] is not None]
)
@pytest.mark.parametrize("uri", [*OLDER, "https://json-schema.org/draft/2020-12/schema"])
def test_what_looks_ahead_at_the_start_is_held_against_every_text(
    uri: str, pattern: str, fitting: list[str], others: list[str]
) -> None:
    of_texts = of_text(pattern) | {"$schema": uri}
    of_names: JSONObject = {"propertyNames": {"pattern": pattern}}
    check_schema(of_texts)
    check_schema(of_names)
    for text in [*fitting, *others]:
        does_match = text in fitting
        told = (FieldError("/a", f"This must match the pattern {pattern}"),)
        assert validate(of_texts, {"a": text}) == (() if does_match else told)
        assert (validate(of_names, {text: 1}) == ()) == does_match
        trusted = matcher(pattern)
        assert trusted
        assert trusted.is_valid(text) == does_match
        assert rules_of("", pattern).is_valid(text) == does_match


@pytest.mark.parametrize(
    "rest",
    [
        r"(?:\d{0,2}|(?=[\d.]{1,4}0*$)\d{0,2}\.\d{0,1}0*$)",
        r"(?:\d{0,0}|(?=[\d.]{1,3}0*$)\d{0,0}\.\d{0,4}0*$)",
        r"(?:\d{0,2}|(?=[\d.]{1,3}0*$)\d*\.\d*$)",
        r"(?:\d{0,2}|(?=[\d.]{1,3}0*$)\d*\.\d*0*$)",
        r"(?:\d{0,3}|(?=[\d.]{1,3}0*$)\d{0,3}\.\d{0,2}0*$)",
        r"\d*\.?\d{0,2}0*$",
    ],
)
def test_a_decimal_with_its_digits_counted_is_read_as_python_does(rest: str) -> None:
    pattern = rf"^(?!^[-+.]*$)[+-]?0*{rest}"
    check_schema(of_text(pattern))
    matches = matcher(pattern)
    assert matches
    for length in range(7):
        for text in map("".join, product("01.-", repeat=length)):
            assert matches.is_valid(text) == bool(re.match(pattern, text)), text


@pytest.mark.parametrize("pattern", [case[0] for case in AHEAD if case[1] is None])
def test_what_looks_ahead_elsewhere_too_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidSchema):
        check_schema(of_text(pattern))


def test_a_pattern_that_looks_ahead_says_nothing_of_other_values() -> None:
    schema: JSONValue = {"properties": {"a": {"pattern": DECIMAL, "allOf": [{"maxLength": 3}]}}}
    check_schema(schema)
    assert validate(schema, {"a": 5}) == ()
    assert [error.path for error in validate(schema, {"a": "12.45x"})] == ["/a", "/a"]


def test_a_pattern_that_looks_ahead_is_told_wherever_it_stands() -> None:
    union: JSONValue = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": DECIMAL}]}
    negated: JSONValue = {"not": {"pattern": DECIMAL}}
    names: JSONValue = {"propertyNames": {"pattern": DECIMAL}}
    schema: JSONValue = {"properties": {"u": union, "n": negated, "k": names}}
    check_schema(schema)
    errors = validate(schema, {"u": "x", "n": "1", "k": {"x": 1}})
    assert sorted(errors, key=lambda error: error.path) == [
        FieldError("/k/x", f"A field cannot have this name: it must match the pattern {DECIMAL}"),
        FieldError("/n", f"This must not match the pattern {DECIMAL}"),
        FieldError("/u", f"This must match the pattern {DECIMAL}"),
    ]


def test_a_text_that_may_have_no_line_break_has_none_when_its_pattern_looks_ahead() -> None:
    assert not may_have_lines("", DECIMAL)
    assert not may_have_lines("", "^(?=[a-z]+$).{3}$")
    assert may_have_lines("", r"^(?!-)[^-]+$")


def test_looking_ahead_a_thousand_times_is_refused_at_once() -> None:
    with pytest.raises(InvalidSchema):
        check_schema(of_text("^" + "(?=.*a)" * 1_000))


def test_what_is_said_of_it_is_the_pattern_as_it_was_written() -> None:
    [error] = validate(of_text(r"^[\w-.]+.$"), {"a": "é"})
    assert error.message == r"This must match the pattern ^[\w-.]+.$"


@pytest.mark.parametrize(
    "pattern", ["^[A-Z]{1,5}$", r"^\d{4}-\d{2}$", r"^(?i:a|b)\/c$", "(?x) a . b"]
)
def test_what_the_engine_reads_so_is_left_to_it(pattern: str) -> None:
    assert translated(pattern) == pattern


def test_a_form_with_such_a_pattern_is_drawn_and_read(
    draw: Callable[[AnswerForm], str], untouched: Callable[[AnswerForm], MultiDict[str, str]]
) -> None:
    schema = of_text(r"^[^\ud800-\udfff]*$")
    proposed: JSONObject = {"a": "grün ✓"}
    form = AnswerForm.blank(schema, proposed)
    assert draw(form)
    sent = untouched(form)
    assert AnswerForm.submitted(schema, sent, proposed).read().value == proposed


@pytest.mark.parametrize("pattern", ["^.{0,950}$", r"^\p{L}{2,50}$", r"^[\s\S]{10,2000}$"])
def test_a_long_count_is_not_too_large(pattern: str) -> None:
    check_schema(of_text(pattern))
    assert validate(of_text(pattern), {"a": "wörterbuch"}) == ()


def test_two_names_that_become_one_pattern_both_count() -> None:
    schema: JSONValue = {
        "patternProperties": {r"^\<$": {"minLength": 2}, "^<$": {"maxLength": 3}},
        "additionalProperties": False,
    }
    check_schema(schema)
    assert [validate(schema, {"<": text}) == () for text in ("a", "abc", "abcd")] == [
        False,
        True,
        False,
    ]


def test_a_reference_may_lead_through_a_pattern() -> None:
    schema: JSONValue = {
        "patternProperties": {"^a.[/]": {"type": "integer"}},
        "properties": {"b": {"$ref": "#/patternProperties/%5Ea.%5B~1%5D"}},
    }
    check_schema(schema)
    errors = validate(schema, {"b": "x", "ab/": "x"})
    assert {error.path for error in errors} == {"/ab~1", "/b"}


def test_data_is_no_pattern() -> None:
    schema: JSONValue = {"properties": {"a": {"pattern": "."}, "b": {"const": {"pattern": "."}}}}
    assert validate(schema, {"a": "x", "b": {"pattern": "."}}) == ()


def test_a_pattern_taken_before_it_was_looked_at_is_still_read() -> None:
    with pytest.raises(InvalidSchema):
        check_schema(of_text("^a++.$"))
    assert validate(of_text("^a++.$"), {"a": "ab"}) == ()
