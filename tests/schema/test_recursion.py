"""A part that may repeat without end is drawn when somebody opens it."""

from collections.abc import Callable

from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.overview import overview

NODE: JSONObject = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        "below": {"type": "array", "items": {"$ref": "#"}},
    },
    "required": ["name"],
}
Untouched = Callable[[AnswerForm], MultiDict[str, str]]


def opened(sent: "MultiDict[str, str]", name: str) -> AnswerForm:
    """Return the form with one more part opened."""
    pressed = MultiDict([*sent.items(multi=True), ("_open", name)])
    form = AnswerForm.submitted(NODE, pressed).changed_by(pressed)
    assert form is not None
    return form


def test_is_closed_until_it_is_opened(draw: Callable[[AnswerForm], str]) -> None:
    form = AnswerForm.blank(NODE)
    assert '<button type="submit" class="btn btn-sm" name="_open" value="answer-1"' in " ".join(
        draw(form).split()
    )
    assert len(overview(form)) < 10
    assert AnswerForm.submitted(NODE, MultiDict({"answer-0": "a"})).read().value == {"name": "a"}


def test_is_filled_in_level_by_level(untouched: Untouched) -> None:
    sent = untouched(AnswerForm.blank(NODE))
    sent["answer-0"] = "a"
    sent = untouched(opened(sent, "answer-1"))
    sent["answer-1-0"] = "b"
    sent = untouched(opened(sent, "answer-1-1"))
    sent["answer-1-1-0"] = "c"
    assert AnswerForm.submitted(NODE, sent).read().value == {
        "name": "a",
        "next": {"name": "b", "next": {"name": "c"}},
    }


def test_what_was_opened_and_left_alone_is_asked_for(untouched: Untouched) -> None:
    sent = untouched(opened(MultiDict({"answer-0": "a"}), "answer-1"))
    assert sent["answer-1-in"] == "1"
    del sent["answer-1-in"]
    assert AnswerForm.submitted(NODE, sent).read().value == {"name": "a"}


def test_a_proposal_comes_back_however_deep_it_is(untouched: Untouched) -> None:
    proposed: JSONObject = {"name": "0", "next": None, "below": []}
    for level in range(1, 12):
        proposed = {"below": [{"name": "x"}, proposed], "name": str(level), "next": proposed}
        if level > 4:
            proposed["below"] = []
    sent = untouched(AnswerForm.blank(NODE, proposed))
    assert AnswerForm.submitted(NODE, sent, proposed).read().value == proposed


def test_a_list_of_itself_has_rows_and_no_end() -> None:
    endless: JSONObject = {
        "properties": {"below": {"type": "array", "items": {"$ref": "#"}, "minItems": 1}},
        "required": ["below"],
    }
    assert AnswerForm.blank(endless).root.children[0].rows == []


def test_an_optional_part_for_which_there_is_no_room_can_be_opened(untouched: Untouched) -> None:
    fields: JSONObject = {f"p{number}": {"type": "string"} for number in range(500)}
    part: JSONObject = {"type": "object", "properties": fields}
    schema: JSONObject = {"properties": {"a": part, "b": part}}
    form = AnswerForm.blank(schema)
    assert [child.is_closed for child in form.root.children] == [False, True]
    sent = MultiDict([*untouched(form).items(multi=True), ("_open", "answer-1")])
    again = form.changed_by(sent)
    assert again is not None
    sent = untouched(again)
    sent["answer-1-7"] = "x"
    assert AnswerForm.submitted(schema, sent).read().value == {"b": {"p7": "x"}}


def test_a_new_entry_of_a_map_is_open() -> None:
    schema: JSONObject = {
        "type": "object",
        "properties": {"kids": {"type": "object", "additionalProperties": {"$ref": "#"}}},
    }
    sent = MultiDict(
        [
            ("answer-0", "0"),
            ("answer-0-0-key", "a"),
            ("answer-0-0-0", "0"),
            ("answer-0-0-0-0-key", "b"),
        ]
    )
    answer = AnswerForm.submitted(schema, sent).read().value
    assert answer == {"kids": {"a": {"kids": {"b": {}}}}}
