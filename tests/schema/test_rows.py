"""Rows of a list come, go and move by submit buttons, and nothing typed is lost on the way."""

import re
from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.controls.group import GroupField
from opensink_web.schema.form import AnswerForm

FormData = MultiDict[str, str]
LINE: JSONValue = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "count": {"type": "integer", "default": 1}},
}
SCHEMA: JSONValue = {
    "properties": {
        "note": {"type": "string"},
        "lines": {"type": "array", "items": LINE, "maxItems": 3, "default": [{"name": "first"}]},
    }
}


def pressed(sent: FormData, button: str, name: str) -> AnswerForm:
    """Return the form after one of its row buttons was pressed."""
    with_button = MultiDict([*sent.items(multi=True), (button, name)])
    form = AnswerForm.submitted(SCHEMA, with_button).changed_by(with_button)
    assert form is not None
    return form


def lines(sent: FormData) -> JSONValue:
    value = AnswerForm.submitted(SCHEMA, sent).read().value
    assert value is not None
    return value["lines"]


def test_no_row_button_no_change(untouched: Callable[[AnswerForm], FormData]) -> None:
    form = AnswerForm.blank(SCHEMA)
    assert form.changed_by(untouched(form)) is None


def test_a_row_is_added_blank_and_everything_typed_is_kept(
    untouched: Callable[[AnswerForm], FormData],
) -> None:
    sent = untouched(AnswerForm.blank(SCHEMA))
    sent["answer-0"] = "typed"
    sent["answer-1-0-1"] = "not a number"
    grown = untouched(pressed(sent, "_add", "answer-1"))
    assert grown["answer-0"] == "typed"
    assert grown["answer-1-0-1"] == "not a number"
    assert grown.getlist("answer-1") == ["0", "1"]
    assert (grown["answer-1-1-0"], grown["answer-1-1-1"]) == ("", "1")


def test_a_row_is_removed_and_the_others_keep_what_was_typed(
    untouched: Callable[[AnswerForm], FormData],
) -> None:
    sent = untouched(AnswerForm.blank(SCHEMA))
    sent = untouched(pressed(sent, "_add", "answer-1"))
    sent["answer-1-1-0"] = "second"
    left = untouched(pressed(sent, "_remove", "answer-1-0"))
    assert lines(left) == [{"name": "second", "count": 1}]


def test_a_removed_proposal_does_not_come_back_with_the_next_row(
    untouched: Callable[[AnswerForm], FormData],
) -> None:
    sent = untouched(pressed(untouched(AnswerForm.blank(SCHEMA)), "_remove", "answer-1-0"))
    assert lines(sent) == []
    sent = untouched(pressed(sent, "_add", "answer-1"))
    assert sent["answer-1-1-0"] == ""


def test_a_full_list_grows_no_further(untouched: Callable[[AnswerForm], FormData]) -> None:
    sent = untouched(AnswerForm.blank(SCHEMA))
    for _ in range(5):
        sent = untouched(pressed(sent, "_add", "answer-1"))
    assert len(sent.getlist("answer-1")) == 3


def test_a_button_that_names_nothing_changes_nothing(
    untouched: Callable[[AnswerForm], FormData],
) -> None:
    sent = untouched(AnswerForm.blank(SCHEMA))
    for name in ("", "answer", "answer-0", "answer-1-9", "_add"):
        for button in ("_add", "_remove"):
            assert untouched(pressed(sent, button, name)) == sent


def test_the_new_row_has_the_focus(draw: Callable[[AnswerForm], str]) -> None:
    html = draw(pressed(MultiDict({"answer-1": "0"}), "_add", "answer-1"))
    assert html.count('autofocus="') == 1
    assert 'autofocus="autofocus" class="form-control" dir="auto" id="answer-1-1-0"' in html


def test_row_numbers_made_up_by_a_browser_do_no_harm() -> None:
    numbers = ["-1", "x", "1e3", "9" * 20, "0", "0", "٣", "", "5"]
    sent = MultiDict([("answer-1", number) for number in numbers])
    sent["answer-1-0-0"] = "zero"
    sent["answer-1-5-0"] = "five"
    assert lines(sent) == [{"name": "zero"}, {"name": "five"}]


def test_an_empty_row_that_needs_a_value_is_told_so() -> None:
    schema: JSONValue = {"properties": {"n": {"type": "array", "items": {"type": "integer"}}}}
    form = AnswerForm.submitted(schema, MultiDict([("answer-0", "0"), ("answer-0", "4")]))
    errors = form.read().errors
    assert [error.path for error in errors] == ["/n/0", "/n/1"]
    assert errors[0].message == "Fill this in, or remove the entry."
    assert form.error_summary[1].html_id == "answer-0-4"


def test_a_required_list_starts_with_the_rows_it_needs(
    untouched: Callable[[AnswerForm], FormData],
) -> None:
    tags: JSONValue = {"type": "array", "items": {"type": "string"}, "minItems": 2}
    schema: JSONValue = {"properties": {"tags": tags}, "required": ["tags"]}
    sent = untouched(AnswerForm.blank(schema))
    assert sent.getlist("answer-0") == ["0", "1"]
    errors = AnswerForm.submitted(schema, sent).read().errors
    assert [error.path for error in errors] == ["/tags/0", "/tags/1"]
    sent["answer-0-0"] = "a"
    sent["answer-0-1-empty"] = "text"
    assert AnswerForm.submitted(schema, sent).read().value == {"tags": ["a", ""]}


def test_two_forms_on_a_page_share_no_name(draw: Callable[[AnswerForm], str]) -> None:
    form = AnswerForm.blank(SCHEMA, name="example")
    html = draw(form)
    assert "answer-0" not in html
    assert 'name="example-0"' in html
    sent = MultiDict([("example-0", "typed"), ("example-1", "0"), ("_add", "example-1")])
    longer = AnswerForm.submitted(SCHEMA, sent, name="example").changed_by(sent)
    assert longer is not None
    assert 'name="example-1-1-0"' in draw(longer)


def moved(sent: FormData, button: str, row: int) -> AnswerForm:
    return pressed(sent, button, f"answer-1-{row}")


class TestMoving:
    """Rows change places with their neighbours, and take along what was typed."""

    @staticmethod
    def three(untouched: Callable[[AnswerForm], FormData]) -> FormData:
        sent = untouched(AnswerForm.blank(SCHEMA))
        for number, name in ((1, "second"), (2, "third")):
            sent = untouched(pressed(sent, "_add", "answer-1"))
            sent[f"answer-1-{number}-0"] = name
        return sent

    def names(self, sent: FormData) -> list[JSONValue]:
        rows = lines(sent)
        assert isinstance(rows, list)
        return [row["name"] for row in rows if isinstance(row, dict)]

    def test_up_and_down(self, untouched: Callable[[AnswerForm], FormData]) -> None:
        sent = untouched(moved(self.three(untouched), "_up", 2))
        assert self.names(sent) == ["first", "third", "second"]
        sent = untouched(moved(sent, "_down", 0))
        assert self.names(sent) == ["third", "first", "second"]

    def test_not_beyond_the_ends(self, untouched: Callable[[AnswerForm], FormData]) -> None:
        sent = self.three(untouched)
        assert untouched(moved(sent, "_up", 0)) == sent
        assert untouched(moved(sent, "_down", 2)) == sent

    def test_the_button_of_the_moved_row_keeps_the_focus(
        self, draw: Callable[[AnswerForm], str], untouched: Callable[[AnswerForm], FormData]
    ) -> None:
        sent = self.three(untouched)
        for button, row, focused in (
            ("_down", 0, "_down answer-1-0"),
            ("_up", 1, "_down answer-1-1"),  # at the top there is only the way down
            ("_up", 2, "_up answer-1-2"),
        ):
            assert focused_button(draw(moved(sent, button, row))) == focused

    def test_the_errors_stay_at_the_place_where_they_are(
        self, untouched: Callable[[AnswerForm], FormData]
    ) -> None:
        sent = self.three(untouched)
        sent["answer-1-2-1"] = "x"
        form = AnswerForm.submitted(SCHEMA, untouched(moved(sent, "_up", 2)))
        assert [error.path for error in form.read().errors] == ["/lines/1/count"]


def focused_button(html: str) -> str:
    """Return the button that comes up focused, with its value."""
    buttons = re.findall(r"<button([^>]*)>", html)
    focused = [button for button in buttons if re.search(r"\sautofocus", button)]
    assert len(focused) == 1
    words = dict(re.findall(r'(\w+)="([^"]*)"', focused[0]))
    return f"{words['name']} {words['value']}"


def test_the_focus_goes_where_the_removed_row_was(
    draw: Callable[[AnswerForm], str], untouched: Callable[[AnswerForm], FormData]
) -> None:
    sent = TestMoving.three(untouched)
    assert focused_button(draw(moved(sent, "_remove", 1))) == "_remove answer-1-2"
    assert focused_button(draw(moved(sent, "_remove", 2))) == "_add answer-1"


def emptied(schema: JSONValue, *, required: bool = False) -> JSONValue:
    """Return what is answered once every proposed row of a list is removed."""
    names: list[JSONValue] = ["a"] if required else []
    whole: JSONValue = {"properties": {"a": schema}, "required": names}
    submission = AnswerForm.submitted(whole, MultiDict()).read()
    return submission.value if submission.errors == () else submission.errors[0].message


def test_an_emptied_optional_list_that_may_not_be_empty_is_left_out() -> None:
    some: JSONObject = {"type": "array", "minItems": 1, "items": {"type": "integer"}}
    assert emptied({**some, "default": [3]}) == {}
    assert emptied(some) == {}
    assert emptied({**some, "type": ["array", "null"], "default": [3]}) == {"a": None}
    assert emptied({**some, "default": [3]}, required=True) == "This needs at least 1 entry."


LIST: JSONObject = {"type": "array", "items": {"type": "string"}}
NULLABLE: JSONObject = {"type": ["array", "null"], "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "required", "meanings"),
    [
        (LIST, False, "absent list"),
        (LIST, True, "list"),
        ({**LIST, "minItems": 1}, False, "absent"),
        ({**LIST, "minItems": 1}, True, "absent"),
        ({**LIST, "default": ["x"]}, False, "list absent"),
        ({**LIST, "default": ["x"], "minItems": 1}, False, "absent"),
        ({**LIST, "default": []}, False, "list absent"),
        (NULLABLE, False, "absent null list"),
        (NULLABLE, True, "null list"),
        ({**NULLABLE, "default": None}, False, "null absent list"),
        ({**NULLABLE, "default": ["x"]}, False, "list absent null"),
        ({**NULLABLE, "default": ["x"], "minItems": 1}, False, "null absent"),
    ],
)
def test_a_list_without_rows_can_mean_several_things(
    schema: JSONObject, required: bool, meanings: str
) -> None:
    names: list[JSONValue] = ["a"] if required else []
    whole: JSONValue = {"properties": {"a": schema}, "required": names}
    root = AnswerForm.submitted(whole, MultiDict()).root
    assert " ".join(root.parts()[0].meanings) == meanings
    values = {"absent": {}, "null": {"a": None}, "list": {"a": []}}
    for meaning in meanings.split():
        sent = MultiDict({"answer-0-empty": meaning})
        value = AnswerForm.submitted(whole, sent).read().value
        assert value == values[meaning] or (value, required) == (None, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, ""),
        ({"minItems": 2, "maxItems": 2}, "Exactly 2 entries, or none."),
        ({"minItems": 1, "maxItems": 3}, "1 to 3 entries, or none."),
        ({"maxItems": 1}, "At most 1 entry."),
        ({"uniqueItems": True}, "No entry may be there twice."),
        ({"contains": {"const": "x"}}, "At least 1 of the entries must be “x”."),
        ({"contains": {"enum": [1, None]}}, "At least 1 of the entries must be “1” or “null”."),
        (
            {"contains": {"title": "Main"}, "minContains": 2, "maxContains": 2},
            "Exactly 2 of the entries must be “Main”.",
        ),
        ({"contains": {"const": "x"}, "minContains": 0}, ""),
        (
            {"contains": {"const": "x", "writeOnly": True}},
            "At least 1 of the entries must fit a rule of the schema.",
        ),
    ],
)
def test_what_holds_for_the_entries_is_said(words: JSONObject, said: str) -> None:
    texts: JSONObject = {"type": "array", "items": {"type": "string"}, **words}
    schema: JSONValue = {"properties": {"a": texts}}
    root = AnswerForm.blank(schema).root
    assert isinstance(root, GroupField)
    assert root.children[0].hint == said


def test_an_entry_that_cannot_go_is_said_to_be_required() -> None:
    point: JSONValue = {"type": "array", "prefixItems": [{"type": "number"}], "minItems": 1}
    schema: JSONValue = {"properties": {"point": point}, "required": ["point"]}
    form = AnswerForm.submitted(schema, MultiDict([("answer-0", "0"), ("answer-0-0", "")]))
    assert [error.message for error in form.read().errors] == ["This field is required."]
