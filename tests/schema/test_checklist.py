"""Options of which several are chosen: boxes to tick, or rows where their order matters."""

from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.form import AnswerForm

FormData = MultiDict[str, str]
Untouched = Callable[[AnswerForm], FormData]
SIZES: JSONObject = {
    "type": "array",
    "items": {"oneOf": [{"const": s, "title": t} for s, t in (("s", "Small"), ("l", "Large"))]},
}


def whole(schema: JSONValue, *, required: bool = False) -> JSONObject:
    return {"type": "object", "properties": {"a": schema}, "required": ["a"] * required}


def answered(schema: JSONValue, sent: list[tuple[str, str]], start: JSONObject | None) -> JSONValue:
    return AnswerForm.submitted(schema, MultiDict(sent), start).read().value


def pressed(form: AnswerForm, sent: FormData, button: str) -> AnswerForm:
    again = AnswerForm.submitted(form.schema, sent).changed_by(sent | {button: "answer-0"})
    assert again is not None
    return again


@pytest.mark.parametrize(
    "items",
    [
        {"enum": ["s", "l"]},
        {"$ref": "#/$defs/size"},
        {"anyOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}]},
    ],
)
def test_each_option_is_a_box(draw: Callable[[AnswerForm], str], items: JSONValue) -> None:
    schema = whole({"type": "array", "items": items}) | {"$defs": {"size": {"enum": ["s", "l"]}}}
    html = draw(AnswerForm.blank(schema, {"a": ["l"]}))
    assert html.count('type="checkbox"') == 2
    assert html.count("checked") == 1
    assert answered(schema, [("answer-0", "0"), ("answer-0", "1")], None) == {"a": ["s", "l"]}


def test_titles_are_shown_and_values_sent(draw: Callable[[AnswerForm], str]) -> None:
    assert "Small" in draw(AnswerForm.blank(whole(SIZES)))
    assert answered(whole(SIZES), [("answer-0", "1")], None) == {"a": ["l"]}


@pytest.mark.parametrize(
    "value",
    [["s"], ["l", "s"], ["s", "l"], [], ["s", "s"], ["l", "s", "l"]],
)
@pytest.mark.parametrize("is_required", [False, True])
def test_untouched_it_comes_back_as_it_was(
    untouched: Untouched, value: JSONValue, is_required: bool
) -> None:
    schema = whole(SIZES, required=is_required)
    start: JSONObject = {"a": value}
    sent = untouched(AnswerForm.blank(schema, start))
    assert dump(AnswerForm.submitted(schema, sent, start).read().value) == dump(start)


def test_what_is_proposed_keeps_its_order() -> None:
    three = whole({"type": "array", "items": {"enum": [1, 2, 3]}})
    ticked = [("answer-0", "2"), ("answer-0", "1"), ("answer-0", "0")]
    assert answered(three, ticked, {"a": [3, 1]}) == {"a": [3, 1, 2]}


def test_nothing_ticked_is_what_a_list_without_entries_is() -> None:
    assert answered(whole(SIZES), [], None) == {}
    assert answered(whole(SIZES, required=True), [], None) == {"a": []}
    assert answered(whole(SIZES), [], {"a": ["s"]}) == {"a": []}
    assert answered(whole({**SIZES, "minItems": 1}), [], {"a": ["s"]}) == {}


def test_rows_give_it_an_order_and_repetitions(untouched: Untouched) -> None:
    schema = whole(SIZES)
    form = AnswerForm.blank(schema)
    sent = untouched(form)
    sent.setlist("answer-0", ["0", "1"])
    sent = untouched(pressed(form, sent, "_rows"))
    assert AnswerForm.submitted(schema, sent).read().value == {"a": ["s", "l"]}
    sent = sent | {"_up": "answer-0-1"}
    moved = AnswerForm.submitted(schema, sent).changed_by(sent)
    assert moved is not None
    sent = untouched(moved)
    assert AnswerForm.submitted(schema, sent).read().value == {"a": ["l", "s"]}
    sent = untouched(pressed(form, sent, "_boxes"))
    assert sorted(sent.getlist("answer-0")) == ["0", "1"]
    assert "answer-0-rows" not in sent


def test_rows_that_repeat_an_entry_do_not_become_boxes(untouched: Untouched) -> None:
    start: JSONObject = {"a": ["s", "s"]}
    form = AnswerForm.blank(whole(SIZES), start)
    sent = untouched(form)
    again = AnswerForm.submitted(form.schema, sent, start).changed_by(sent | {"_boxes": "answer-0"})
    assert again is not None
    assert untouched(again) == sent


def test_numbers_that_a_browser_makes_up_do_no_harm() -> None:
    sent = [("answer-0", number) for number in ("-1", "x", "7", "1", "1", "01", "")]
    assert answered(whole(SIZES), sent, None) == {"a": ["l"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"minItems": 1, "maxItems": 2}, "Choose 1 to 2, or none."),
        ({"uniqueItems": True, "maxItems": 1}, "Choose at most 1."),
        ({"contains": {"const": "s"}}, "At least 1 of the entries must be “s”."),
    ],
)
def test_what_holds_is_said(
    draw: Callable[[AnswerForm], str], words: JSONObject, said: str
) -> None:
    assert f"<p>{said}</p>" in draw(AnswerForm.blank(whole({**SIZES, **words})))


def test_more_than_twenty_can_be_searched(draw: Callable[[AnswerForm], str]) -> None:
    def html(count: int) -> str:
        options: list[JSONValue] = [f"o{number}" for number in range(count)]
        return draw(AnswerForm.blank(whole({"type": "array", "items": {"enum": options}})))

    assert "data-filter" not in html(20)
    assert 'data-filter="A"' in html(21)


def test_null_is_an_option_like_others() -> None:
    schema = whole({"type": "array", "items": {"anyOf": [SIZES["items"], {"type": "null"}]}})
    assert answered(schema, [("answer-0", "0"), ("answer-0", "2")], None) == {"a": ["s", None]}


def test_secret_options_are_not_ticked_for_all_to_see(draw: Callable[[AnswerForm], str]) -> None:
    schema = whole({"type": "array", "items": {"enum": ["low", "high"], "writeOnly": True}})
    drawn = [draw(AnswerForm.blank(schema, {"a": [each]})) for each in ("low", "high")]
    assert drawn[0] == drawn[1]


def test_yes_and_no_are_no_boxes(draw: Callable[[AnswerForm], str]) -> None:
    schema = whole({"type": "array", "items": {"type": "boolean"}})
    assert "checkbox" not in draw(AnswerForm.blank(schema, {"a": [True, False, True]}))
