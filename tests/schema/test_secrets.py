"""A secret is never drawn, wherever it stands, and still comes back as it was."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from werkzeug.datastructures import MultiDict

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.example import example_of
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.json_field import JsonField
from opensink_web.schema.secrets import HIDDEN, MAX_VISITS, secrets_of, without_secret_proposals
from opensink_web.schema.validation import validate
from tests.schema.secret_cases import MARKER, made_up
from tests.support.cases import for_each

Draw = Callable[[AnswerForm], str]
Untouched = Callable[[AnswerForm], "MultiDict[str, str]"]
PIN: JSONObject = {"type": "string", "writeOnly": True}
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019_09 = "https://json-schema.org/draft/2019-09/schema"
SEEDS = range(120)


class Vault:
    """Keeps what was typed as the pages do: encrypted, for one field."""

    def __init__(self) -> None:
        self.fernet = Fernet(Fernet.generate_key())

    def seal(self, place: str, value: JSONValue) -> str:
        return self.fernet.encrypt(dump([place, value]).encode()).decode()

    def unseal(self, place: str, sealed: str) -> JSONValue:
        try:
            kept = parse(self.fernet.decrypt(sealed).decode())
        except InvalidToken:
            raise InvalidInput("This is no longer kept.") from None
        if not isinstance(kept, list) or kept[0] != place:
            raise InvalidInput("This was typed elsewhere.")
        return kept[1]


def test_a_proposal_is_drawn_without_its_secrets_and_comes_back_untouched(
    draw: Draw, untouched: Untouched
) -> None:
    def check(seed: int) -> None:
        schema, answer = made_up(seed)
        assert not validate(schema, answer), "the case itself is wrong"

        form = AnswerForm.blank(schema, answer)
        sent = untouched(form)

        assert MARKER not in draw(form)
        submitted = AnswerForm.submitted(schema, sent, answer, Vault())
        assert dump(submitted.read().value) == dump(answer)
        assert MARKER not in draw(submitted)

    for_each(SEEDS, check)


def test_so_does_what_the_schema_proposes_itself(draw: Draw, untouched: Untouched) -> None:
    def check(seed: int) -> None:
        schema, answer = made_up(seed)
        schema = {**schema, "default": answer}

        form = AnswerForm.blank(schema)

        assert MARKER not in draw(form)
        assert MARKER not in draw(AnswerForm.submitted(schema, untouched(form), None, Vault()))
        assert MARKER not in dump(without_secret_proposals(schema))
        assert MARKER not in dump(example_of(schema))

    for_each(SEEDS, check)


def test_the_same_places_are_hidden_in_a_value_and_nothing_else_is_changed() -> None:
    def check(seed: int) -> None:
        schema, answer = made_up(seed)
        before = copy.deepcopy(answer)

        shown = secrets_of(schema).hide(answer)

        assert MARKER not in dump(shown)
        assert answer == before
        assert differences_are_marks(answer, shown)

    for_each(SEEDS, check)


def differences_are_marks(value: Any, shown: Any) -> bool:
    """Whether whatever differs was replaced by the mark."""
    if shown == HIDDEN:
        return True
    if isinstance(value, dict):
        return list(value) == list(shown) and all(
            differences_are_marks(value[key], shown[key]) for key in value
        )
    if isinstance(value, list):
        return len(value) == len(shown) and all(map(differences_are_marks, value, shown))
    return bool(value == shown)


@pytest.mark.parametrize(
    ("schema", "value", "shown"),
    [
        (PIN, "x", HIDDEN),
        (True, {"a": 1}, {"a": 1}),
        (
            {"properties": {"a": PIN, "b": {"type": "string"}}},
            {"a": 1, "b": 2},
            {"a": HIDDEN, "b": 2},
        ),
        (
            {"properties": {"b": {}}, "additionalProperties": PIN},
            {"a": 1, "b": 2},
            {"a": HIDDEN, "b": 2},
        ),
        ({"patternProperties": {"^s": PIN}}, {"so": 1, "b": 2}, {"so": HIDDEN, "b": 2}),
        ({"unevaluatedProperties": PIN}, {"a": 1}, {"a": HIDDEN}),
        ({"prefixItems": [{}, PIN]}, [1, 2, 3], [1, HIDDEN, 3]),
        ({"prefixItems": [{}], "items": PIN}, [1, 2, 3], [1, HIDDEN, HIDDEN]),
        ({"items": [{}, PIN], "additionalItems": {}}, [1, 2, 3], [1, HIDDEN, 3]),
        ({"items": [{}], "additionalItems": PIN}, [1, 2], [1, HIDDEN]),
        # no word of these dialects: `items` is about all entries
        ({"$schema": DRAFT_07, "prefixItems": [{}], "items": PIN}, [1], [HIDDEN]),
        ({"$schema": DRAFT_2019_09, "prefixItems": [{}], "items": PIN}, [1], [HIDDEN]),
        # a key that reads like a pattern which it does not match
        (
            {"patternProperties": {"^a$": {}}, "additionalProperties": PIN},
            {"^a$": 1, "a": 2},
            {"^a$": HIDDEN, "a": 2},
        ),
        ({"contains": PIN}, [1, 2], [HIDDEN, HIDDEN]),
        ({"contentSchema": {"properties": {"a": PIN}}}, '{"a": 1}', HIDDEN),
        ({"propertyNames": PIN}, {"a": 1}, HIDDEN),
        ({"dependencies": {"a": {"properties": {"b": PIN}}}}, {"b": 1}, {"b": HIDDEN}),
        ({"anyOf": [{"type": "string"}, PIN]}, "x", HIDDEN),
        ({"not": {"properties": {"a": PIN}}}, {"a": 1}, {"a": HIDDEN}),
        ({"$ref": "#/x", "x": {"properties": {"a": PIN}}}, {"a": 1}, {"a": HIDDEN}),
        ({"$ref": "#p", "$defs": {"p": {"$anchor": "p", "writeOnly": True}}}, "x", HIDDEN),
        # two parts have one name, and one of them is a secret
        (
            {
                "$schema": DRAFT_07,
                "properties": {"n": {"$ref": "#k"}},
                "definitions": {"c": {"$anchor": "k"}, "b": {"$id": "#k", **PIN}},
            },
            {"n": 1},
            {"n": HIDDEN},
        ),
        ({"properties": {"n": {"$ref": "#"}, "a": PIN}}, {"n": {"a": 1}}, {"n": {"a": HIDDEN}}),
        # where a reference leads cannot be told, and there is a secret that it may lead to
        ({"properties": {"n": {"$dynamicRef": "#m"}, "a": PIN}}, {"n": {"b": 1}}, {"n": HIDDEN}),
        ({"properties": {"n": {"$dynamicRef": "#m"}}}, {"n": {"b": 1}}, {"n": {"b": 1}}),
        (
            {"properties": {"n": {"$ref": "other"}}, "$defs": {"o": {"$id": "other", **PIN}}},
            {"n": 1},
            {"n": HIDDEN},
        ),
    ],
)
def test_secret_is_what_any_part_of_the_schema_that_may_apply_says_is(
    schema: JSONValue, value: JSONValue, shown: JSONValue
) -> None:
    assert secrets_of(schema).hide(value) == shown


def test_a_schema_that_is_too_much_work_hides_everything() -> None:
    parts: list[JSONValue] = [{"properties": {f"k{n}": PIN}} for n in range(2000)]
    value: JSONValue = [{f"x{n}": n for n in range(2000)}] * 5

    shown = secrets_of({"items": {"allOf": parts}}).hide(value)

    assert dump(shown).count("••••••") > 1000


def test_a_long_list_is_no_more_work_than_a_short_one() -> None:
    secrets = secrets_of({"items": {"properties": {"a": PIN, "b": {}}}})

    shown = secrets.hide([{"a": 1, "b": 2}] * 100_000)

    assert shown == [{"a": HIDDEN, "b": 2}] * 100_000
    assert MAX_VISITS - secrets.document.visits_left < 100


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        (
            {"properties": {"a": PIN | {"default": "m"}}},
            {"properties": {"a": PIN | {"default": HIDDEN}}},
        ),
        (
            {"default": {"a": 1, "b": 2}, "properties": {"a": PIN}},
            {"default": {"a": HIDDEN, "b": 2}, "properties": {"a": PIN}},
        ),
        ({"enum": ["m"], "writeOnly": True}, {"enum": [HIDDEN], "writeOnly": True}),
        ({"allOf": [{"const": "m"}, PIN]}, {"allOf": [{"const": HIDDEN}, PIN]}),
        (
            {"items": {"$ref": "#/$defs/p", "writeOnly": True}, "$defs": {"p": {"examples": [1]}}},
            {
                "items": {"$ref": "#/$defs/p", "writeOnly": True},
                "$defs": {"p": {"examples": [HIDDEN]}},
            },
        ),
        (
            {"allOf": [{"properties": {"a": {"default": "m"}}}, {"properties": {"a": PIN}}]},
            {"allOf": [{"properties": {"a": {"default": HIDDEN}}}, {"properties": {"a": PIN}}]},
        ),
        (
            {"properties": {"b": {"const": 1}, "a": PIN}},
            {"properties": {"b": {"const": 1}, "a": PIN}},
        ),
    ],
)
def test_a_schema_is_shown_without_the_secrets_that_it_proposes(
    schema: JSONValue, shown: JSONValue
) -> None:
    assert without_secret_proposals(schema) == shown


def test_what_a_secret_must_be_is_not_told_by_an_error() -> None:
    schema: JSONObject = {"properties": {"a": {"const": "m", "writeOnly": True}, "b": {"const": 2}}}

    errors = validate(schema, {"a": "x", "b": 3})

    assert [each.message for each in errors] == [
        "This is not the secret that is asked for.",
        "This must be exactly 2.",
    ]


BOX: JSONObject = {"type": "object", "patternProperties": {"^pin": PIN}}
"""A form of this is a box of JSON."""


class TestJsonBox:
    """A part of a form that is typed as JSON, with secrets in it."""

    proposed: JSONObject = {"pin1": "4711", "pin2": "4712", "note": "n"}
    vault = Vault()

    def submit(self, text: str, sealed: str = "") -> AnswerForm:
        sent = MultiDict({"answer": text})
        if sealed:
            sent |= {"answer-sealed": sealed}
        form = AnswerForm.submitted(BOX, sent, self.proposed, self.vault)
        form.read()
        return form

    def drawn(self) -> JSONObject:
        box = AnswerForm.blank(BOX, self.proposed).root
        assert isinstance(box, JsonField)
        value = parse(box.drawn_text())
        assert isinstance(value, dict)
        return value

    def test_shows_a_numbered_mark_for_each(self) -> None:
        assert self.drawn() == {"pin1": "•••••• 1", "pin2": "•••••• 2", "note": "n"}

    def test_takes_what_stands_beside_the_marks(self) -> None:
        form = self.submit(dump(self.drawn() | {"note": "changed", "pin2": "new"}))

        assert form.read().value == {"pin1": "4711", "pin2": "new", "note": "changed"}

    def test_a_mark_goes_with_its_value_when_it_is_moved(self) -> None:
        form = self.submit(dump({"pin9": self.drawn()["pin2"]}))

        assert form.read().value == {"pin9": "4712"}

    def test_a_mark_brings_no_secret_to_where_it_would_be_seen(self) -> None:
        form = self.submit(dump(self.drawn() | {"note": self.drawn()["pin1"]}))

        assert form.read().value is None
        assert "keeps nothing secret" in form.error_summary[0].message

    def test_a_mark_of_nothing_is_refused(self) -> None:
        form = self.submit('{"pin1": "•••••• 7"}')

        assert form.read().value is None
        assert "stands for no hidden value" in form.error_summary[0].message

    def test_a_text_that_looks_like_a_mark_stays_a_text(self, untouched: Untouched) -> None:
        proposed: JSONObject = {"note": "•••••• 1", "pin1": "4711", "also": "•••••• 9"}
        sent = untouched(AnswerForm.blank(BOX, proposed))
        sent["answer"] = sent["answer"].replace("also", "else")

        value = AnswerForm.submitted(BOX, sent, proposed).read().value

        assert value == {"note": "•••••• 1", "pin1": "4711", "else": "•••••• 9"}

    def test_what_was_typed_is_kept_and_not_shown_again(
        self, draw: Draw, untouched: Untouched
    ) -> None:
        form = self.submit(dump({"pin1": MARKER, "note": "n"}))

        assert MARKER not in draw(form)
        again = AnswerForm.submitted(BOX, untouched(form), self.proposed, self.vault)
        assert again.read().value == {"pin1": MARKER, "note": "n"}

    def test_a_mark_whose_value_was_lost_is_not_taken_for_another(
        self, untouched: Untouched
    ) -> None:
        sent = untouched(self.submit(dump({"pin1": MARKER})))
        del sent["answer-sealed"]

        assert AnswerForm.submitted(BOX, sent, self.proposed, self.vault).read().value is None

    def test_what_is_no_json_is_not_shown_again_either(self, draw: Draw) -> None:
        form = self.submit('{"pin1": "' + MARKER)

        assert MARKER not in draw(form)
        assert "type it again" in form.error_summary[0].message


FIELDS: JSONObject = {
    "type": "object",
    "properties": {
        "pin": PIN,
        "code": {"type": "integer", "writeOnly": True},
        "level": {"enum": ["low", "high"], "writeOnly": True},
        "rows": {"type": "array", "items": {"properties": {"key": PIN}}},
        "name": {"type": "string", "minLength": 3},
    },
    "required": ["name"],
}


class TestTyped:
    """A secret that somebody has typed, while the form is drawn again."""

    vault = Vault()
    sent: "MultiDict[str, str]" = MultiDict(
        {
            "answer-0": MARKER,
            "answer-1": "918273",
            "answer-2": "1",
            "answer-3": "0",
            "answer-3-0-0": f"{MARKER} of a row",
            "answer-4": "no",
        }
    )
    answer: JSONObject = {
        "pin": MARKER,
        "code": 918273,
        "level": "high",
        "rows": [{"key": f"{MARKER} of a row"}],
        "name": "long enough",
    }

    def again(self, sent: "MultiDict[str, str]") -> AnswerForm:
        form = AnswerForm.submitted(FIELDS, sent, vault=self.vault)
        form.read()
        return form

    def test_outlives_an_error_of_another_field(self, draw: Draw, untouched: Untouched) -> None:
        form = self.again(self.sent)
        html = draw(form)

        assert form.error_summary
        assert MARKER not in html
        assert "918273" not in html
        sent = untouched(form)
        sent["answer-4"] = "long enough"
        assert self.again(sent).read().value == self.answer

    def test_outlives_another_row(self, draw: Draw, untouched: Untouched) -> None:
        added = self.again(self.sent).changed_by(self.sent | {"_add": "answer-3"})
        assert added is not None

        assert MARKER not in draw(added)
        sent = untouched(added)
        removed = self.again(sent).changed_by(sent | {"_remove": "answer-3-1"})
        assert removed is not None
        sent = untouched(removed)
        sent["answer-4"] = "long enough"
        assert self.again(sent).read().value == self.answer

    def test_is_replaced_by_what_is_typed_after_it(self, untouched: Untouched) -> None:
        sent = untouched(self.again(self.sent))
        sent["answer-0"], sent["answer-2"], sent["answer-4"] = "other", "0", "long enough"

        value = self.again(sent).read().value

        assert value == self.answer | {"pin": "other", "level": "low"}

    def test_counts_for_its_own_field_alone(self, untouched: Untouched) -> None:
        sent = untouched(self.again(self.sent))
        sent["answer-0-sealed"] = sent["answer-3-0-0-sealed"]

        form = self.again(sent)

        assert "answer-0" in {line.html_id for line in form.error_summary}

    def test_is_asked_for_again_where_it_could_not_be_kept(self, untouched: Untouched) -> None:
        sent = untouched(self.again(self.sent))
        sent["answer-4"] = "long enough"

        other = AnswerForm.submitted(FIELDS, sent, vault=Vault())

        assert other.read().value is None
        assert {line.html_id for line in other.error_summary} >= {"answer-0", "answer-1"}


def test_a_secret_choice_that_was_proposed_is_not_drawn_as_chosen(
    draw: Draw, untouched: Untouched
) -> None:
    schema: JSONObject = {
        "properties": {
            "few": {"enum": ["low", "high"], "writeOnly": True},
            "many": {"enum": list("abcdefgh"), "writeOnly": True},
            "flag": {"type": "boolean", "writeOnly": True},
        }
    }
    one: JSONObject = {"few": "low", "many": "b", "flag": True}
    other: JSONObject = {"few": "high", "many": "f", "flag": False}

    html = draw(AnswerForm.blank(schema, one))

    assert html == draw(AnswerForm.blank(schema, other))
    sent = untouched(AnswerForm.blank(schema, one))
    assert AnswerForm.submitted(schema, sent, one).read().value == one
    sent["answer-0"], sent["answer-2"] = "1", ""
    assert AnswerForm.submitted(schema, sent, one).read().value == {"few": "high", "many": "b"}
