"""Bodies for resume URLs: what stands for a value becomes it, with its type."""

import pytest

from opensink_web.connections.decision import Decision
from opensink_web.connections.resume_url.template import (
    FILLED_BYTES_MAX,
    PLACES_MAX,
    TooLarge,
    filled,
    template_errors,
    values_of,
)
from opensink_web.json_value import JSONObject, JSONValue

RESPONSE: JSONObject = {
    "approved": True,
    "amount": 49.9,
    "lines": [{"sku": "a/b"}, {"sku": None}],
    "a/b": {"~": 1},
    "": "empty",
}
DECISION = Decision("r1", "s1", "answered", RESPONSE, None, "bob@example.com")
DECLINED = Decision("r1", "s1", "declined", None, "Too much.", "bob@example.com")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{response/approved}}", True),
        ("{{ response/amount }}", 49.9),
        ("{{response/lines/0/sku}}", "a/b"),
        ("{{response/lines/1/sku}}", None),
        ("{{response/a~1b/~0}}", 1),
        ("{{response/}}", "empty"),
        ("{{response}}", RESPONSE),
        ("{{response/lines/7}}", None),
        ("{{response/lines/-1}}", None),
        ("{{response/lines/00}}", None),
        ("{{response/approved/deeper}}", None),
        ("{{outcome}}", "answered"),
        ("{{reason}}", None),
        ("{{by}}", "bob@example.com"),
        ({"data": {"ok": "{{response/approved}}", "n": [1, "{{request_id}}"]}},
         {"data": {"ok": True, "n": [1, "r1"]}}),
        ({"{{by}}": "a {{by}} b"}, {"{{by}}": "a {{by}} b"}),
        ("{{", "{{"),
        (None, None),
        ([], []),
    ],
)  # fmt: skip
def test_is_filled(template: JSONValue, expected: JSONValue) -> None:
    assert list(template_errors(template)) == []
    assert filled(template, DECISION) == expected
    assert type(filled(template, DECISION)) is type(expected)


def test_what_an_answer_says_is_not_read_as_a_template() -> None:
    decision = Decision("r1", "s1", "answered", {"text": "{{by}}"}, None, "bob@example.com")
    assert filled({"a": "{{response}}"}, decision) == {"a": {"text": "{{by}}"}}


def test_without_an_answer_there_is_nothing_in_it() -> None:
    template: JSONValue = {"a": "{{response}}", "b": "{{response/x}}", "c": "{{reason}}"}
    assert filled(template, DECLINED) == {"a": None, "b": None, "c": "Too much."}


def test_all_is_told_without_a_template() -> None:
    assert values_of(DECLINED) == {
        "request_id": "r1",
        "session_id": "s1",
        "outcome": "declined",
        "response": None,
        "reason": "Too much.",
        "by": "bob@example.com",
    }


@pytest.mark.parametrize(
    "name", ["responses", "response.approved", "", "response/~2", "outcome/x", "__class__"]
)
def test_what_stands_for_nothing_is_named_where_it_is(name: str) -> None:
    [error] = template_errors({"a/b": [0, "{{%s}}" % name]})  # noqa: UP031 - braces
    assert error.path == "/a~1b/1"
    assert "There is no such value" in error.message


def test_so_many_values_and_no_more_can_be_named() -> None:
    assert not list(template_errors(["{{reason}}"] * PLACES_MAX))
    (error,) = template_errors({"all": ["{{reason}}"] * (PLACES_MAX * 100)})
    assert error.path == f"/all/{PLACES_MAX}"
    assert str(PLACES_MAX) in error.message


@pytest.mark.parametrize("name", ["response", "response/text", "reason"])
def test_a_body_that_the_values_make_huge_is_not_made(name: str) -> None:
    long = "é" * (FILLED_BYTES_MAX // 50)
    decision = Decision("r1", "s1", "answered", {"text": long}, long)
    assert filled(["{{%s}}" % name], decision) != [None]  # noqa: UP031 - braces
    with pytest.raises(TooLarge):
        filled(["{{%s}}" % name] * 50, decision)  # noqa: UP031 - braces
