"""Rows of a list come and go by submit buttons, and nothing typed is lost on the way."""

from collections.abc import Callable

from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONValue
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
    sent["answer-1-5-0"] = "five"
    assert lines(sent) == [{"name": ""}, {"name": "five"}]


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
    assert AnswerForm.submitted(schema, sent).read().value == {"tags": ["", ""]}


def test_two_forms_on_a_page_share_no_name(draw: Callable[[AnswerForm], str]) -> None:
    form = AnswerForm.blank(SCHEMA, name="example")
    html = draw(form)
    assert "answer-0" not in html
    assert 'name="example-0"' in html
    sent = MultiDict([("example-0", "typed"), ("example-1", "0"), ("_add", "example-1")])
    longer = AnswerForm.submitted(SCHEMA, sent, name="example").changed_by(sent)
    assert longer is not None
    assert 'name="example-1-1-0"' in draw(longer)
