r"""A pattern means what ECMA-262 says with the flag `u`, wherever a schema has one.

What matches was compared with V8's `new RegExp(pattern, "u")` over 60,000 made-up patterns.
"""

from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.schema.patterns import translated
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
