"""Fields that depend on what is in other fields: they come and go, and nothing typed is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.form import NEW, AnswerForm
from opensink_web.schema.limits import check_schema

Sent = MultiDict[str, str]
Untouched = Callable[[AnswerForm], Sent]
TEXT: JSONObject = {"type": "string"}


def is_(key: str, value: JSONValue) -> JSONObject:
    """Return the condition that a key is there and has this value."""
    return {"properties": {key: {"const": value}}, "required": [key]}


REASON_IF_REJECTED: JSONObject = {
    "type": "object",
    "properties": {"decision": {"enum": ["approve", "reject"]}},
    "required": ["decision"],
    "if": is_("decision", "reject"),
    "then": {"properties": {"reason": {"type": "string", "minLength": 5}}, "required": ["reason"]},
}


def keys(form: AnswerForm) -> list[str]:
    """Return the keys for which the outermost object has fields."""
    return [child.node.key for child in form.root.children]


class TestReasonIfRejected:
    """The commonest schema of an approval, step by step without JavaScript."""

    def test_asks_for_the_decision_alone_at_first(self) -> None:
        assert keys(AnswerForm.blank(REASON_IF_REJECTED)) == ["decision"]

    def test_has_a_button_for_browsers_without_scripts(
        self, draw: Callable[[AnswerForm], str]
    ) -> None:
        assert 'name="_refresh"' in draw(AnswerForm.blank(REASON_IF_REJECTED))
        plain: JSONValue = {"properties": {"a": TEXT}}
        assert 'name="_refresh"' not in draw(AnswerForm.blank(plain))

    def test_takes_an_approval(self, untouched: Untouched) -> None:
        sent = untouched(AnswerForm.blank(REASON_IF_REJECTED))
        sent["answer-0"] = "0"
        assert AnswerForm.submitted(REASON_IF_REJECTED, sent).read().value == {
            "decision": "approve"
        }

    def test_draws_the_reason_when_it_is_updated(self, untouched: Untouched) -> None:
        sent = untouched(AnswerForm.blank(REASON_IF_REJECTED))
        sent["answer-0"], sent["_refresh"] = "1", "1"
        form = AnswerForm.submitted(REASON_IF_REJECTED, sent).changed_by(sent)
        assert form is not None
        assert (keys(form), form.error_summary) == (["decision", "reason"], [])

    def test_says_at_the_reason_that_it_is_missing(self, untouched: Untouched) -> None:
        sent = untouched(AnswerForm.blank(REASON_IF_REJECTED))
        sent["answer-0"] = "1"
        form = AnswerForm.submitted(REASON_IF_REJECTED, sent)
        assert [error.path for error in form.read().errors] == ["/reason"]
        assert [line.html_id for line in form.error_summary] == ["answer-1"]
        sent = untouched(form)
        sent["answer-1"] = "too late"
        assert AnswerForm.submitted(REASON_IF_REJECTED, sent).read().value == {
            "decision": "reject",
            "reason": "too late",
        }

    def test_leaves_the_reason_out_when_it_is_approved_after_all(self) -> None:
        sent = MultiDict({"answer-0": "0", "answer-1": "too late", "answer-drawn": "0 1"})
        assert AnswerForm.submitted(REASON_IF_REJECTED, sent).read().value == {
            "decision": "approve"
        }

    def test_starts_from_a_rejection_with_its_reason(self, untouched: Untouched) -> None:
        proposed: JSONObject = {"decision": "reject", "reason": "too late"}
        form = AnswerForm.blank(REASON_IF_REJECTED, proposed)
        assert keys(form) == ["decision", "reason"]
        sent = untouched(form)
        assert AnswerForm.submitted(REASON_IF_REJECTED, sent, proposed).read().value == proposed
        sent["answer-0"] = "0"
        assert AnswerForm.submitted(REASON_IF_REJECTED, sent, proposed).read().value == {
            "decision": "approve"
        }

    def test_is_the_same_with_the_reason_among_the_outer_properties(self) -> None:
        schema = json.loads(json.dumps(REASON_IF_REJECTED))
        schema["properties"]["reason"] = TEXT
        form = AnswerForm.submitted(schema, MultiDict({"answer-0": "1", "answer-1": "no"}))
        assert [error.path for error in form.read().errors] == ["/reason"]
        assert form.root.children[1].node.required
        form = AnswerForm.submitted(schema, MultiDict({"answer-0": "0", "answer-1": "no"}))
        assert form.read().value == {"decision": "approve", "reason": "no"}


BASE: JSONObject = {"type": "object", "properties": {"a": TEXT, "b": TEXT}}


@pytest.mark.parametrize(
    ("conditions", "value", "expected"),
    [
        ({"dependentRequired": {"a": ["c"]}}, {"a": "x"}, ["a", "b", "c"]),
        ({"dependentRequired": {"a": ["c"]}}, {}, ["a", "b"]),
        ({"dependentSchemas": {"a": {"properties": {"c": TEXT}}}}, {"a": "x"}, ["a", "b", "c"]),
        ({"dependentSchemas": {"a": {"properties": {"c": TEXT}}}}, {"b": "x"}, ["a", "b"]),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "dependencies": {"a": ["c"], "b": {"properties": {"d": TEXT}}},
            },
            {"a": "x", "b": "y"},
            ["a", "b", "c", "d"],
        ),
        ({"if": is_("a", "x"), "then": {}, "else": {"required": ["c"]}}, {"a": "x"}, ["a", "b"]),
        ({"if": is_("a", "x"), "else": {"required": ["c"]}}, {"a": "y"}, ["a", "b", "c"]),
        ({"if": {"required": ["a"]}, "then": {"properties": {"b": False}}}, {"a": "x"}, ["a"]),
        ({"if": {"required": ["a"]}, "then": {"not": {"required": ["b"]}}}, {"a": "x"}, ["a"]),
        ({"not": {"required": ["b"]}}, {}, ["a"]),
        ({"not": {"required": ["a", "b"]}}, {}, ["a", "b"]),
        (
            {"allOf": [{"if": is_("a", "x"), "then": {"properties": {"c": TEXT}}}]},
            {"a": "x"},
            ["a", "b", "c"],
        ),
        (
            {"if": is_("a", "x"), "then": {"if": is_("b", "y"), "then": {"required": ["c"]}}},
            {"a": "x", "b": "y"},
            ["a", "b", "c"],
        ),
        (
            {
                "allOf": [
                    {"if": is_("d", "z"), "then": {"properties": {"e": TEXT}}},
                    {"if": is_("c", "y"), "then": {"properties": {"d": {"default": "z"}}}},
                    {"if": is_("a", "x"), "then": {"properties": {"c": {"default": "y"}}}},
                ]
            },
            {"a": "x"},
            ["a", "b", "e", "d", "c"],
        ),
    ],
)
def test_the_fields_follow_the_value(
    conditions: JSONObject, value: JSONObject, expected: list[str]
) -> None:
    schema: JSONObject = {**BASE, **conditions}
    check_schema(schema)
    defaults: JSONObject = {**schema, "default": value}
    assert sorted(keys(AnswerForm.blank(defaults))) == sorted(expected)


def test_a_key_keeps_its_name_whatever_holds() -> None:
    schema: JSONObject = {
        **BASE,
        "allOf": [
            {"if": is_("a", "x"), "then": {"properties": {"c": TEXT}}},
            {"if": is_("b", "y"), "then": {"properties": {"d": TEXT}}},
        ],
    }
    sent = MultiDict({"answer-0": "", "answer-1": "y", "answer-2": "of c", "answer-3": "of d"})
    assert AnswerForm.submitted(schema, sent).read().value == {"b": "y", "d": "of d"}


def test_a_part_keeps_its_names_when_the_outer_object_decides() -> None:
    part: JSONObject = {"type": "object", "properties": {"kind": TEXT}, "required": ["kind"]}
    more: JSONObject = {"properties": {"part": {"properties": {"x": TEXT}}}}
    other: JSONObject = {"properties": {"part": {"properties": {"y": TEXT}}}}
    schema: JSONObject = {
        "properties": {"a": TEXT, "part": part},
        "required": ["part"],
        "allOf": [
            {"if": is_("a", "x"), "then": more},
            {"if": is_("a", "y"), "then": other},
        ],
    }
    sent = MultiDict({"answer-0": "y", "answer-1-0": "k", "answer-1-1": "X", "answer-1-2": "Y"})
    assert AnswerForm.submitted(schema, sent).read().value == {
        "a": "y",
        "part": {"kind": "k", "y": "Y"},
    }


def test_nothing_is_sent_that_nobody_has_seen(untouched: Untouched) -> None:
    schema: JSONObject = {
        **BASE,
        "if": is_("a", "x"),
        "then": {"properties": {"notify": {"type": "boolean", "default": True}}},
    }
    sent = untouched(AnswerForm.blank(schema))
    sent["answer-0"] = "x"
    form = AnswerForm.submitted(schema, sent)
    submission = form.read()
    assert submission.value is None
    assert [(error.path, error.message) for error in submission.errors] == [("/notify", NEW)]
    assert AnswerForm.submitted(schema, untouched(form)).read().value == {"a": "x", "notify": True}


def test_what_was_proposed_beside_the_fields_comes_back(untouched: Untouched) -> None:
    proposed: JSONObject = {"reason": "none is needed", "decision": "approve"}
    sent = untouched(AnswerForm.blank(REASON_IF_REJECTED, proposed))
    form = AnswerForm.submitted(REASON_IF_REJECTED, sent, proposed)
    assert form.read().value == proposed


def test_conditions_that_flip_each_other_end() -> None:
    schema: JSONObject = {
        **BASE,
        "if": {"not": {"required": ["c"]}},
        "then": {"properties": {"c": {"type": "string", "default": "x"}}},
    }
    assert keys(AnswerForm.blank(schema)) in (["a", "b"], ["a", "b", "c"])


def test_conditions_hold_in_the_rows_of_a_list_each_for_itself() -> None:
    schema: JSONObject = {"properties": {"rows": {"type": "array", "items": REASON_IF_REJECTED}}}
    sent = MultiDict(
        [
            *(("answer-0", "0"), ("answer-0", "1")),
            *(("answer-0-0-0", "0"), ("answer-0-1-0", "1"), ("answer-0-1-1", "too late")),
        ]
    )
    assert AnswerForm.submitted(schema, sent).read().value == {
        "rows": [{"decision": "approve"}, {"decision": "reject", "reason": "too late"}]
    }


CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "conditional_cases.json").read_text()
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_untouched_every_proposal_comes_back(case: dict[str, Any], untouched: Untouched) -> None:
    check_schema(case["schema"])
    for proposed in case["valid"]:
        sent = untouched(AnswerForm.blank(case["schema"], proposed))
        submission = AnswerForm.submitted(case["schema"], sent, proposed).read()
        assert (submission.errors, json.dumps(submission.value)) == ((), json.dumps(proposed))
