"""Secrets that somebody types into a form: kept while it is drawn again, and shown to nobody."""

from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, dump, parse
from opensink_web.schema.controls.json_box import JsonField
from opensink_web.schema.form import AnswerForm
from tests.schema.secret_cases import MARKER, PIN, Draw, Untouched, Vault

BOX: JSONObject = {"properties": {"a": {"patternProperties": {"^pin": PIN}}}}
"""A value of any shape, which a person chooses to enter as JSON."""
AS_JSON = {"answer-0-which": "3", "answer-0-seen": "3"}


class TestJsonBox:
    """A part of a form that is typed as JSON, with secrets in it."""

    proposed: JSONObject = {"a": {"pin1": "4711", "pin2": "4712", "note": "n"}}
    vault = Vault()

    def submit(self, text: str) -> AnswerForm:
        sent = MultiDict({**AS_JSON, "answer-0-b3": text})
        form = AnswerForm.submitted(BOX, sent, self.proposed, self.vault)
        form.read()
        return form

    def drawn(self) -> JSONObject:
        form = AnswerForm.submitted(BOX, MultiDict({"answer-0-which": "3"}), self.proposed)
        box = form.root.children[0].inner
        assert isinstance(box, JsonField)
        value = parse(box.drawn_text())
        assert isinstance(value, dict)
        return value

    def test_shows_a_numbered_mark_for_each(self) -> None:
        assert self.drawn() == {"pin1": "•••••• 1", "pin2": "•••••• 2", "note": "n"}

    def test_takes_what_stands_beside_the_marks(self) -> None:
        form = self.submit(dump(self.drawn() | {"note": "changed", "pin2": "new"}))

        assert form.read().value == {"a": {"pin1": "4711", "pin2": "new", "note": "changed"}}

    def test_a_mark_goes_with_its_value_when_it_is_moved(self) -> None:
        form = self.submit(dump({"pin9": self.drawn()["pin2"]}))

        assert form.read().value == {"a": {"pin9": "4712"}}

    def test_a_mark_brings_no_secret_to_where_it_would_be_seen(self) -> None:
        form = self.submit(dump(self.drawn() | {"note": self.drawn()["pin1"]}))

        assert form.read().value is None
        assert "keeps nothing secret" in form.error_summary[0].message

    def test_a_mark_of_nothing_is_refused(self) -> None:
        form = self.submit('{"pin1": "•••••• 7"}')

        assert form.read().value is None
        assert "stands for no hidden value" in form.error_summary[0].message

    def test_a_text_that_looks_like_a_mark_stays_a_text(self, untouched: Untouched) -> None:
        proposed: JSONObject = {"a": {"note": "•••••• 1", "pin1": "4711", "also": "•••••• 9"}}
        as_json = AnswerForm.submitted(BOX, MultiDict({"answer-0-which": "3"}), proposed)
        sent = untouched(as_json)
        sent["answer-0-b3"] = sent["answer-0-b3"].replace("also", "else")

        value = AnswerForm.submitted(BOX, sent, proposed).read().value

        assert value == {"a": {"note": "•••••• 1", "pin1": "4711", "else": "•••••• 9"}}

    def test_what_was_typed_is_kept_and_not_shown_again(
        self, draw: Draw, untouched: Untouched
    ) -> None:
        form = self.submit(dump({"pin1": MARKER, "note": "n"}))

        assert MARKER not in draw(form)
        again = AnswerForm.submitted(BOX, untouched(form), self.proposed, self.vault)
        assert again.read().value == {"a": {"pin1": MARKER, "note": "n"}}

    def test_a_mark_whose_value_was_lost_is_not_taken_for_another(
        self, untouched: Untouched
    ) -> None:
        sent = untouched(self.submit(dump({"pin1": MARKER})))
        del sent["answer-0-b3-sealed"]

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


def test_what_was_chosen_for_an_empty_control_drops_no_secret_that_was_typed() -> None:
    """The choice stands in the page, chosen or not, and comes back with every form."""
    schema: JSONObject = {"properties": {"pin": PIN}}
    vault = Vault()
    empty = {"answer-0-empty": "absent"}
    first = AnswerForm.submitted(schema, MultiDict({"answer-0": "4711", **empty}), None, vault)
    (pin,) = first.root.parts()
    (chosen,) = [choice.value for choice in pin.meaning_choices if choice.selected]
    sent = {"answer-0": "", "answer-0-sealed": pin.sealed, "answer-0-empty": chosen}
    again = AnswerForm.submitted(schema, MultiDict(sent), None, vault)
    assert again.read().value == {"pin": "4711"}
    gone = AnswerForm.submitted(schema, MultiDict(sent | empty), None, vault)
    assert gone.read().value == {}


def test_a_part_that_is_secret_as_a_whole_has_masked_fields(
    draw: Draw, untouched: Untouched
) -> None:
    part: JSONObject = {"type": "object", "properties": {"a": {"type": "string"}}}
    schema: JSONObject = {"properties": {"login": {**part, "writeOnly": True}}}
    proposed: JSONObject = {"login": {"a": MARKER}}
    html = draw(AnswerForm.blank(schema, proposed))
    assert MARKER not in html
    assert 'type="password"' in html
    sent = untouched(AnswerForm.blank(schema, proposed))
    assert AnswerForm.submitted(schema, sent, proposed).read().value == proposed
    # what the schema does not name is hidden with its name
    unnamed: JSONObject = {"login": {MARKER: 1}}
    assert MARKER not in draw(AnswerForm.blank(schema, unnamed))
    sent = untouched(AnswerForm.blank(schema, unnamed))
    assert AnswerForm.submitted(schema, sent, unnamed).read().value == unnamed
