"""Values of many shapes: unions, maps, tuples and anything at all, without a line of JSON."""

from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.form import AnswerForm

FormData = MultiDict[str, str]
Draw = Callable[[AnswerForm], str]
Untouched = Callable[[AnswerForm], FormData]
TEXT: JSONValue = {"type": "string"}
PERSON: JSONValue = {"type": "object", "title": "Person", "properties": {"name": TEXT}}
ONE_OR_MANY: JSONValue = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
LIST_OR_PERSON: JSONValue = {"oneOf": [{"type": "array", "items": TEXT}, PERSON]}
PAIR: JSONValue = {
    "type": "array",
    "prefixItems": [{"type": "string", "title": "Place"}, {"type": "integer"}],
    "items": False,
}
BY_NAME: JSONValue = {
    "type": "object",
    "patternProperties": {"^n_": {"type": "integer"}, "^t_": TEXT},
    "additionalProperties": False,
}


def whole(schema: JSONValue, *, required: bool = False) -> JSONObject:
    return {"type": "object", "properties": {"a": schema}, "required": ["a"] * required}


def form_of(schema: JSONValue, *sent: tuple[str, str], required: bool = False) -> AnswerForm:
    return AnswerForm.submitted(whole(schema, required=required), MultiDict(sent))


def answered(schema: JSONValue, *sent: tuple[str, str], required: bool = False) -> JSONValue:
    submission = form_of(schema, *sent, required=required).read()
    return submission.value if submission.value is not None else submission.errors[0].message


OBJECT: JSONValue = {"type": "object"}
TEXT_OR_OBJECT: JSONValue = {"type": ["object", "string"], "properties": {"x": TEXT}}
VALUES: list[tuple[JSONValue, list[JSONValue]]] = [
    (ONE_OR_MANY, ["x", "", [], ["x", "y"]]),
    (LIST_OR_PERSON, [["x"], [], {"name": "n"}, {}, {"more": [1.0]}]),
    (PAIR, [["x", 1], ["x"], []]),
    ({}, [None, "", "5", 5, 5.0, True, [], [1, "1", None], {}, {"": 0}]),
    ({}, [{"a": [{"b": [None, 1e300, {"c": {}}]}], "d": "x"}]),
    (OBJECT, [{}, {"b": 1, "a": "1"}, {"x": {"y": []}}]),
    (BY_NAME, [{"t_1": "x", "n_1": 1}, {}]),
    (TEXT_OR_OBJECT, [{"x": "y"}, "x"]),
    ({"type": "array"}, [[1, "1", [], {}]]),
]


@pytest.mark.parametrize(("schema", "values"), VALUES)
@pytest.mark.parametrize("is_required", [False, True])
def test_untouched_it_comes_back_exactly(
    untouched: Untouched, schema: JSONValue, values: list[JSONValue], is_required: bool
) -> None:
    document = whole(schema, required=is_required)
    for value in values:
        start: JSONObject = {"a": value}
        sent = untouched(AnswerForm.blank(document, start))
        assert dump(AnswerForm.submitted(document, sent, start).read().value) == dump(start)


class TestUnion:
    """One of several shapes, which a person chooses."""

    def test_the_shape_that_is_chosen_is_answered(self) -> None:
        chosen = [("answer-0-which", "1"), ("answer-0-seen", "1")]
        assert answered(LIST_OR_PERSON, *chosen, ("answer-0-b1-0", "n")) == {"a": {"name": "n"}}
        other = [("answer-0-b0", "0"), ("answer-0-b0-0", "left over")]
        assert answered(LIST_OR_PERSON, *chosen, *other, ("answer-0-b1-0", "n")) == {
            "a": {"name": "n"}
        }

    def test_fields_that_nobody_saw_are_not_filled_in(self, draw: Draw) -> None:
        form = form_of(LIST_OR_PERSON, ("answer-0-which", "1"), ("answer-0-seen", "0"))
        assert form.read().errors[0].message.startswith("Fill in what belongs to your choice")
        assert 'name="answer-0-b1-0"' in draw(form)

    def test_nothing_chosen_is_no_answer(self) -> None:
        assert answered(LIST_OR_PERSON) == {}
        assert answered(LIST_OR_PERSON, required=True) == "This field is required."

    def test_a_box_to_type_into_is_there_from_the_start(self, draw: Draw) -> None:
        assert 'name="answer-0-b0"' in draw(AnswerForm.blank(whole(ONE_OR_MANY)))
        start = [("answer-0-which", "0"), ("answer-0-seen", "0")]
        assert answered(ONE_OR_MANY, *start, ("answer-0-b0", "x")) == {"a": "x"}
        assert answered(ONE_OR_MANY, *start, ("answer-0-b0", "")) == {}

    def test_update_draws_the_fields_and_keeps_the_focus(self, draw: Draw) -> None:
        sent = MultiDict([("answer-0-which", "1"), ("_refresh", "answer-0")])
        again = AnswerForm.submitted(whole(LIST_OR_PERSON), sent).changed_by(sent)
        assert again is not None
        html = draw(again)
        assert 'name="answer-0-b1-0"' in html
        assert html.count("autofocus") == 1

    def test_numbers_that_a_browser_makes_up_choose_nothing(self) -> None:
        for number in ("-1", "2", "x", "01"):
            assert answered(LIST_OR_PERSON, ("answer-0-which", number)) == {}


class TestMap:
    """Keys that a person names, each with a value."""

    numbers: JSONValue = {"type": "object", "additionalProperties": {"type": "integer"}}

    def rows(self, *rows: tuple[str, str]) -> list[tuple[str, str]]:
        sent = []
        for number, (key, value) in enumerate(rows):
            row = f"answer-0-{number}"
            sent += [("answer-0", str(number)), (f"{row}-key", key), (row, value)]
        return sent

    def test_rows_are_entries_in_their_order(self) -> None:
        value = answered(self.numbers, *self.rows(("b", "1"), ("a", "2")))
        assert dump(value) == '{"a":{"b":1,"a":2}}'

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([("", "1")], "Give this entry a name."),
            ([("", "")], "Fill this in, or remove the entry."),
            ([("a", "")], "Fill this in, or remove the entry."),
            ([("a", "1"), ("a", "2")], "This name is there twice."),
            ([("a", "x")], "Enter a whole number using digits only, such as 1200."),
        ],
    )
    def test_what_is_wrong_stands_at_its_box(
        self, rows: list[tuple[str, str]], message: str
    ) -> None:
        assert answered(self.numbers, *self.rows(*rows)) == message

    def test_no_entry_can_be_left_out_or_empty(self) -> None:
        assert answered(self.numbers) == {}
        assert answered(self.numbers, ("answer-0-empty", "object")) == {"a": {}}
        assert answered(self.numbers, required=True) == {"a": {}}

    def test_a_value_depends_on_its_name(self) -> None:
        assert answered(BY_NAME, *self.rows(("n_1", "1"), ("t_1", "1"))) == {
            "a": {"n_1": 1, "t_1": "1"}
        }
        assert answered(BY_NAME, *self.rows(("x", "1"))) == "A name must match ^n_ or ^t_."

    def test_names_of_a_few_are_chosen(self, draw: Draw) -> None:
        few: JSONValue = {
            "type": "object",
            "propertyNames": {"enum": ["de", "fr"]},
            "additionalProperties": TEXT,
        }
        assert answered(few, *self.rows(("1", "Bonjour"))) == {"a": {"fr": "Bonjour"}}

    def test_a_secret_under_a_pattern_stays_hidden(self, draw: Draw, untouched: Untouched) -> None:
        schema = whole(
            {
                "type": "object",
                "patternProperties": {"^pin": {"type": "string", "writeOnly": True}},
                "additionalProperties": TEXT,
            }
        )
        start: JSONObject = {"a": {"pin1": "hunter2", "note": "n"}}
        form = AnswerForm.blank(schema, start)
        assert "hunter2" not in draw(form)
        sent = untouched(form)
        assert AnswerForm.submitted(schema, sent, start).read().value == start
        sent["answer-0-0-key"] = "plain"
        renamed = AnswerForm.submitted(schema, sent, start)
        renamed.read()
        assert "hunter2" not in draw(renamed)


class TestTuple:
    """A list whose first entries each have a meaning."""

    def test_entries_that_have_to_be_there_have_no_button_to_remove_them(self, draw: Draw) -> None:
        pair = {**PAIR, "minItems": 2} if isinstance(PAIR, dict) else PAIR
        page = draw(AnswerForm.blank(whole(pair, required=True)))
        assert 'name="_remove"' not in page
        assert "At least 2" not in page
        assert 'value="answer-0-1"' in draw(form_of(pair, ("answer-0", "0"), ("answer-0", "1")))

    def rows(self, *values: str) -> list[tuple[str, str]]:
        return [
            pair
            for number, value in enumerate(values)
            for pair in (("answer-0", str(number)), (f"answer-0-{number}", value))
        ]

    def test_each_position_is_asked_for_by_its_own_field(self, draw: Draw) -> None:
        html = draw(AnswerForm.blank(whole(PAIR, required=True)))
        assert "Place" in html
        assert "Entry 2" in html
        assert answered(PAIR, *self.rows("x", "1")) == {"a": ["x", 1]}
        assert answered(PAIR, *self.rows("x", "y")).startswith("Enter a whole number")  # type: ignore[union-attr]

    def test_only_the_last_can_go_and_none_can_move(self, draw: Draw) -> None:
        html = draw(form_of(PAIR, *self.rows("x", "1")))
        assert html.count('name="_remove"') == 1
        assert 'name="_up"' not in html
        sent = MultiDict([*self.rows("x", "1"), ("_remove", "answer-0-0")])
        again = AnswerForm.submitted(whole(PAIR), sent).changed_by(sent)
        assert again is not None
        assert again.read().value == {"a": ["x", 1]}

    def test_adding_to_none_brings_all_that_belong_together(self) -> None:
        sent = MultiDict({"_add": "answer-0"})
        again = AnswerForm.submitted(whole(PAIR), sent).changed_by(sent)
        assert again is not None
        assert len(again.root.parts()[0].parts()) == 2

    def test_a_tail_grows(self) -> None:
        open_pair: JSONValue = {
            "type": "array",
            "prefixItems": [TEXT],
            "items": {"type": "integer"},
        }
        assert answered(open_pair, *self.rows("x", "1", "2")) == {"a": ["x", 1, 2]}


def test_anything_is_typed_without_json() -> None:
    box = [("answer-0-which", "0"), ("answer-0-seen", "0")]
    assert answered({}, *box, ("answer-0-b0", "5")) == {"a": 5}
    assert answered({}, *box, ("answer-0-b0", "five")) == {"a": "five"}
    assert answered({}, *box, ("answer-0-b0", "")) == {}
    assert answered({}, *box, ("answer-0-b0", ""), ("answer-0-b0-empty", "null")) == {"a": None}
    row = [("answer-0-b1", "0"), ("answer-0-b1-0-which", "0"), ("answer-0-b1-0-seen", "0")]
    sent = [("answer-0-which", "1"), ("answer-0-seen", "1"), *row, ("answer-0-b1-0-b0", "x")]
    assert answered({}, *sent) == {"a": ["x"]}
