"""A refused pattern is told what is wrong with it, each kind by its own sentence."""

import pytest

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.limits import check_schema


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)b", "a look-ahead, (?=…), only at the very start, right after ^"),
        ("(?!a)b", "a negative look-ahead, (?!…), only at the very start, right after ^"),
        ("^a(?=b)", "in allOf"),
        ("^a(?!b)", "under not"),
        ("^(?=a)b|c", "alternatives behind them in a group"),
        ("^(?=a)*b", "right after ^"),
        ("^(?=a(?=b))", "right after ^"),
        ("^(?=a(b)c", "the ( has no )"),
        ("^(?=a)b)", "a ) without a ("),
        ("^(?=[a-z)b", "the [ has no ]"),
        ("^(?=a++)b", "a possessive quantifier"),
        (r"^(?=(a))\1", r"a back-reference, \1"),
        ("^(?=a)(?<!a)b", "a negative look-behind, (?<!…)"),
        ("^(?=(a{1000}){1000})b", "too large"),
        ("(?<=a)b", "a look-behind, (?<=…)"),
        ("(?<!a)b", "a negative look-behind, (?<!…)"),
        (r"(a)\1", r"a back-reference, \1"),
        (r"(?<n>a)\k<n>", r"a back-reference, \k"),
        ("(?P<n>a)(?P=n)", "a back-reference, (?P=…)"),
        ("(?>a)", "an atomic group"),
        ("a(?#why)", "comments"),
        ("[a", "the [ has no ]"),
        ("(a", "the ( has no )"),
        ("a)", "a ) without a ("),
        ("*a", "nothing to repeat"),
        ("a{3,1}", "{3,1} has its larger number first"),
        ("[z-a]", "runs backwards"),
        (r"\p{Foo}", "unknown escape"),
        ("(?<n>a)(?<n>b)", "two groups have the same name"),
        (r"a\Z", r"cannot have \Z. Write $ for"),
        ("a++", "a possessive quantifier"),
        ("a{2}++", "a possessive quantifier"),
        ("a**", "two quantifiers in a row"),
        ("a+??", "two quantifiers in a row"),
        ("a{1}{2}", "two quantifiers in a row"),
        ("a{,3}", "Write {0,3}."),
        (r"\ud800", "half of a surrogate pair"),
        (r"^[\ud800-\udbff][\udc00-\udfff]$", "half of a surrogate pair"),
        (r"[a\]", "the [ has no ]"),
        (r"\u41", "an incomplete escape"),
        (r"\h", "unknown escape"),
        (r"\07", r"octal escapes, such as \07"),
        ("(a{1000}){1000}", "too large"),
        ("x{1,500000}", "too large"),
    ],
)
@pytest.mark.parametrize("keyword", ["pattern", "patternProperties"])
def test_each_kind_has_its_own_reason(keyword: str, pattern: str, words: str) -> None:
    part: JSONValue = pattern if keyword == "pattern" else {pattern: {}}
    with pytest.raises(InvalidSchema) as refused:
        check_schema({"properties": {"a": {keyword: part}}})
    [error] = refused.value.errors
    assert words in error.message


def test_names_by_pattern_do_not_look_ahead() -> None:
    with pytest.raises(InvalidSchema) as refused:
        check_schema({"patternProperties": {"^(?!a)b/c": {}}})
    [error] = refused.value.errors
    assert error.path == "/patternProperties/^(?!a)b~1c"
    assert "propertyNames" in error.message


@pytest.mark.parametrize("pattern", [r"^\Aa", "(?i)a", r"\x{41}"])
def test_what_an_older_dialect_does_not_take_is_told(pattern: str) -> None:
    schema: JSONObject = {"properties": {"a": {"pattern": pattern}}}
    check_schema(schema)
    with pytest.raises(InvalidSchema) as refused:
        check_schema({"$schema": "http://json-schema.org/draft-07/schema#", **schema})
    [error] = refused.value.errors
    assert error.path == "/properties/a/pattern"
    assert "ECMA-262" in error.message


@pytest.mark.parametrize("pattern", ["[(?=]", "(?i)a", "^(a+)+$", r"\\1", r"\p{L}+"])
def test_what_only_looks_like_them_is_taken(pattern: str) -> None:
    check_schema({"properties": {"a": {"pattern": pattern}}})
