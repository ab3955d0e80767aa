"""What a control that is left empty means: no key, the empty text, null or the empty list."""

import re
from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.controls.base import Meaning
from opensink_web.schema.form import AnswerForm, Submission
from opensink_web.schema.sentences import REQUIRED

Untouched = Callable[[AnswerForm], MultiDict[str, str]]
ABSENT, NULL, TEXT, KEPT = Meaning.ABSENT, Meaning.NULL, Meaning.TEXT, Meaning.KEPT


def whole(schema: JSONValue, *, required: bool = False) -> JSONObject:
    names: list[JSONValue] = ["a"] if required else []
    return {"type": "object", "properties": {"a": schema}, "required": names}


def answer(
    schema: JSONValue, typed: str, meaning: str = "", *, required: bool = False
) -> JSONValue:
    sent = MultiDict({"answer-0": typed, "answer-0-empty": meaning})
    submission = AnswerForm.submitted(whole(schema, required=required), sent).read()
    return submission.value if submission.value is not None else str(submission.errors[0].message)


STR: JSONValue = {"type": "string"}
OPTIONAL_STR: JSONValue = {"type": ["string", "null"]}


@pytest.mark.parametrize(
    ("schema", "required", "meanings"),
    [
        (STR, False, (ABSENT, TEXT)),
        (STR, True, (ABSENT, TEXT)),
        ({"type": "string", "default": ""}, False, (TEXT, ABSENT)),
        ({"type": "string", "default": "x"}, False, (ABSENT, TEXT)),
        ({"type": "string", "minLength": 1}, False, (ABSENT,)),
        ({"type": "string", "minLength": 1}, True, (ABSENT,)),
        ({"type": "string", "format": "email", "default": ""}, False, (ABSENT,)),
        ({"type": "string", "format": "unknown"}, False, (ABSENT, TEXT)),
        ({"type": "string", "pattern": "^[A-Z]{2}$", "default": ""}, False, (ABSENT,)),
        ({"type": "string", "pattern": "^[A-Z]*$"}, False, (ABSENT, TEXT)),
        (OPTIONAL_STR, False, (ABSENT, NULL, TEXT)),
        (OPTIONAL_STR, True, (NULL, TEXT)),
        ({"type": ["string", "null"], "default": None}, False, (NULL, ABSENT, TEXT)),
        ({"type": ["string", "null"], "default": "x"}, False, (NULL, ABSENT, TEXT)),
        ({"type": ["integer", "null"]}, False, (ABSENT, NULL)),
        ({"type": ["integer", "null"]}, True, (NULL,)),
        ({"type": "integer"}, False, (ABSENT,)),
        ({"type": "string", "writeOnly": True}, False, (ABSENT, TEXT)),
        ({"type": "string", "writeOnly": True, "default": "x"}, False, (KEPT, ABSENT, TEXT)),
    ],
)
def test_the_schema_and_the_proposal_say_what_it_can_mean(
    schema: JSONValue, required: bool, meanings: tuple[Meaning, ...]
) -> None:
    field = AnswerForm.blank(whole(schema, required=required)).root.children[0]
    assert field.meanings == meanings
    drawn = field.meaning_choices
    assert [choice.value for choice in drawn] == list(meanings if len(meanings) > 1 else [])
    assert [choice.value for choice in drawn if choice.selected] == list(meanings[: len(drawn)][:1])


@pytest.mark.parametrize(
    ("schema", "required", "meaning", "value"),
    [
        (STR, False, "", {}),
        (STR, False, "text", {"a": ""}),
        (STR, False, "null", {}),  # nothing that the schema has
        (STR, True, "absent", REQUIRED),
        (STR, True, "text", {"a": ""}),
        ({"type": "string", "default": ""}, False, "text", {"a": ""}),
        ({"type": "string", "default": ""}, False, "absent", {}),
        ({"type": "string", "default": "x"}, False, "text", {"a": ""}),
        (OPTIONAL_STR, False, "null", {"a": None}),
        (OPTIONAL_STR, True, "text", {"a": ""}),
        ({"type": ["string", "null"], "default": None}, False, "absent", {}),
        ({"type": ["string", "null"], "default": "x"}, False, "absent", {}),
        ({"type": ["integer", "null"], "default": 1}, False, "absent", {}),
        ({"type": "string", "writeOnly": True, "default": "x"}, False, "kept", {"a": "x"}),
        ({"type": "string", "writeOnly": True, "default": "x"}, False, "absent", {}),
        ({"type": "string", "writeOnly": True, "default": "x"}, True, "text", {"a": ""}),
    ],
)
def test_a_person_says_which(
    schema: JSONValue, required: bool, meaning: str, value: JSONValue
) -> None:
    assert answer(schema, "", meaning, required=required) == value


def test_it_counts_for_nothing_while_something_is_typed() -> None:
    assert answer(STR, "x", "text") == {"a": "x"}
    assert answer({"type": ["integer", "null"]}, "5", "null") == {"a": 5}


def test_the_choice_comes_back_with_the_form_and_says_so_again(untouched: Untouched) -> None:
    schema = whole(OPTIONAL_STR)
    sent = MultiDict({"answer-0": "", "answer-0-empty": "text"})
    form = AnswerForm.submitted(schema, sent)
    assert form.root.children[0].is_meaning_open
    again = AnswerForm.submitted(schema, untouched(form))
    assert again.read() == Submission({"a": ""}, ())


def test_a_typed_secret_can_be_taken_back() -> None:
    class Vault:
        def seal(self, place: str, value: JSONValue) -> str:
            return f"{place}:sealed"

        def unseal(self, place: str, sealed: str) -> JSONValue:
            return "typed before"

    schema = whole({"type": "string", "writeOnly": True})

    def sent(meaning: str) -> AnswerForm:
        pairs = {"answer-0": "", "answer-0-sealed": "x", "answer-0-empty": meaning}
        return AnswerForm.submitted(schema, MultiDict(pairs), vault=Vault())

    assert sent("kept").read().value == {"a": "typed before"}
    assert sent("").read().value == {"a": "typed before"}
    assert sent("absent").read().value == {}
    assert sent("absent").root.children[0].sealed == ""


def test_an_empty_text_that_does_not_fit_proposes_nothing(untouched: Untouched) -> None:
    properties: JSONObject = {
        "cc": {"type": "string", "format": "email", "default": ""},
        "po": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$", "default": ""},
        "ticket": {"type": "string", "minLength": 3, "default": ""},
        "free": {"type": "string", "default": ""},
    }
    schema: JSONObject = {"type": "object", "properties": properties}
    drawn = untouched(AnswerForm.blank(schema))
    assert AnswerForm.submitted(schema, drawn).read().value == {"free": ""}
    drawn["answer-3-empty"] = "absent"
    assert AnswerForm.submitted(schema, drawn).read().value == {}


def test_a_required_text_that_nobody_touched_is_not_answered(untouched: Untouched) -> None:
    properties: JSONObject = {
        "why": {"type": "string"},
        "suffix": {"type": "string", "default": ""},
    }
    schema: JSONObject = {"properties": properties, "required": ["why", "suffix"]}
    drawn = untouched(AnswerForm.blank(schema))
    form = AnswerForm.submitted(schema, drawn)
    assert form.read().errors == (FieldError("/why", REQUIRED),)
    drawn["answer-0-empty"] = "text"
    assert AnswerForm.submitted(schema, drawn).read().value == {"why": "", "suffix": ""}


def test_a_row_that_nobody_filled_in_is_no_entry() -> None:
    schema = whole({"type": "array", "minItems": 1, "items": {"type": "string"}}, required=True)
    sent = MultiDict({"answer-0": "0", "answer-0-0": ""})
    assert AnswerForm.submitted(schema, sent).read().errors == (
        FieldError("/a/0", "Fill this in, or remove the entry."),
    )
    sent["answer-0-0-empty"] = "text"
    assert AnswerForm.submitted(schema, sent).read().value == {"a": [""]}


def test_the_word_beside_the_title_unfolds_to_choose(draw: Callable[[AnswerForm], str]) -> None:
    html = re.sub(r"\s+", " ", draw(AnswerForm.blank(whole(OPTIONAL_STR))))
    assert re.search(r"<details class=\"answer-empty\"[^>]*> <summary [^>]*>optional<", html)
    assert '<option value="absent" selected>no answer</option>' in html
    assert '<option value="null" >none (null)</option>' in html
    assert "<details" not in draw(AnswerForm.blank(whole({"type": "integer"})))


PART: JSONObject = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("schema", "chosen", "value"),
    [
        ({"anyOf": [PART, {"type": "null"}]}, {}, {}),
        ({"anyOf": [PART, {"type": "null"}]}, {"answer-0-empty": "null"}, {"a": None}),
        ({"anyOf": [PART, {"type": "null"}], "default": None}, {}, {"a": None}),
        (
            {"anyOf": [PART, {"type": "null"}], "default": None},
            {"answer-0-empty": "absent"},
            {},
        ),
        (
            {"anyOf": [PART, {"type": "null"}], "default": {"n": 1}},
            {"answer-0-was": "1", "answer-0-empty": "absent"},
            {},
        ),
        (
            {"anyOf": [PART, {"type": "null"}]},
            {"answer-0-0": "5", "answer-0-empty": "null"},
            {"a": {"n": 5}},
        ),
    ],
)
def test_a_part_that_is_not_included_is_absent_or_none(
    schema: JSONValue, chosen: dict[str, str], value: JSONValue, untouched: Untouched
) -> None:
    sent = untouched(AnswerForm.blank(whole(schema)))
    for name in ("answer-0-in", "answer-0-was"):
        sent.poplist(name)
    for name, typed in chosen.items():
        sent[name] = typed
    form = AnswerForm.submitted(whole(schema), sent)
    assert form.read().value == value
