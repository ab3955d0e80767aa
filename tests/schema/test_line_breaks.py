"""Whether a text may have several lines: it has a line only where more are certain not to fit."""

import pytest

from opensink_web.schema.line_breaks import may_have_lines
from opensink_web.schema.validation import compile_schema

ONE_LINE = [
    "^[A-Z]{2}[0-9]{4}$",
    "^.*$",
    "^(?:[^\\n]*)$",
    "^[^\\r\\n]{1,9}$",
    "^[^\\s@]+@[^\\s@]+$",
    "^\\d{4}-\\d{2}$",
    "^(a|b)$",
    "^a\\.b\\/c\\[\\]$",
    "^[\\w.+-]+$",
    "^[ -~]*$",
    "^[\\x20-\\x7e]*$",
    "^\\S+$",
    "^[^\\\\\\n]*$",
    "^$",
    "^\\bword\\b$",
    "^((?:a|b)c?)+$",
]
MAYBE_SEVERAL = [
    "",
    "a",
    "^a",
    "a$",
    "^a|b$",
    "^a$|",
    "^[^a]*$",
    "^\\s*$",
    "^[\\s\\S]*$",
    "^\\D$",
    "^\\W$",
    "^[\\W]$",
    "^(.|\\n)*$",
    "^a\\$",
    "^[\t-~]$",
    "^[\n]$",
    "^\n$",
    "^[\\t-~]$",
    "^\\x0a$",
    "^\\u000a$",
    "^\\p{Zl}$",
    "^(?s).*$",
    "^(?s:.*)$",
    "^*a$",
    "^(a)|(b)$",
    "^[^\\w]$",
    "^[^\\\\n]$",
]
TEXTS = ["\n", "a\n", "\na", "a\nb", "ab\n1", "AB1234\n", "a\n@b", "\n\n", "-\n", "b\n", "\r\n"]


@pytest.mark.parametrize("pattern", ONE_LINE)
def test_a_pattern_that_forbids_line_breaks_has_one_line(pattern: str) -> None:
    assert not may_have_lines("", pattern)
    rules = compile_schema({"pattern": pattern})
    assert [text for text in TEXTS if rules.is_valid(text)] == []


@pytest.mark.parametrize("pattern", MAYBE_SEVERAL)
def test_any_other_may_have_several(pattern: str) -> None:
    assert may_have_lines("", pattern)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("email", False), ("date", False), ("uuid", False), ("regex", True), ("markdown", True)],
)
def test_so_may_a_format_unless_it_is_of_one_line(name: str, expected: bool) -> None:
    assert may_have_lines(name, "") is expected
