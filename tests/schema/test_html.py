"""The form as HTML: native controls with the schema's limits, accessible, and nothing injected."""

import re
from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.form import AnswerForm

Draw = Callable[[AnswerForm], str]


def drawn(draw: Draw, schema: JSONValue, *, required: bool = True) -> str:
    """Draw a blank form with the one property `a`, white space collapsed."""
    names: list[JSONValue] = ["a"] if required else []
    whole: JSONValue = {"properties": {"a": schema}, "required": names}
    return re.sub(r"\s+", " ", draw(AnswerForm.blank(whole)))


def tag(html: str, name: str) -> str:
    """Return the first tag of this name."""
    found = re.search(rf"<{name}[^>]*>", html)
    assert found, f"no <{name}> in {html}"
    return found[0]


@pytest.mark.parametrize(
    ("schema", "attributes"),
    [
        ({"type": "string", "pattern": "^.*$", "maxLength": 9}, ['type="text"']),
        ({"type": "string", "format": "uuid", "examples": ["ABC"]}, ['placeholder="ABC"']),
        ({"type": "integer", "minimum": 1}, ['type="text"', 'inputmode="numeric"']),
        ({"type": "number", "examples": [1.5]}, ['inputmode="decimal"', 'placeholder="1.5"']),
        ({"type": "number", "minimum": -1}, ['type="text"', 'inputmode="text"']),
        ({"type": "integer", "default": 10**350}, ['type="text"', 'inputmode="numeric"']),
        ({"type": "integer", "writeOnly": True}, ['type="password"', 'inputmode="numeric"']),
        ({"type": "string", "format": "email"}, ['type="text"', 'inputmode="email"']),
        ({"type": "string", "format": "uri"}, ['type="text"', 'inputmode="url"']),
        ({"type": "string", "format": "iri"}, ['autocapitalize="off"', 'spellcheck="false"']),
        ({"type": "string", "format": "date-time"}, ['type="text"', 'aria-describedby="answer-0-']),
        ({"type": "string", "format": "color", "default": "RED"}, ['type="text"', 'value="RED"']),
        ({"type": "string", "format": "password"}, ['type="password"']),
    ],
)
def test_an_input_mirrors_the_schema(draw: Draw, schema: JSONValue, attributes: list[str]) -> None:
    control = tag(drawn(draw, schema), "input")
    for attribute in attributes:
        assert attribute in control


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 5}, "From 1 to 5."),
        ({"type": "integer", "exclusiveMinimum": 0}, "At least 1."),
        ({"type": "integer", "exclusiveMinimum": 0.5, "exclusiveMaximum": 8.5}, "From 1 to 8."),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 9}, "More than 0, at most 9."),
        ({"type": "number", "minimum": 5, "exclusiveMinimum": 0}, "At least 5."),
        ({"type": "number", "exclusiveMaximum": 0.5}, "Less than 0.5."),
        ({"type": "number", "maximum": 9, "multipleOf": 0.01}, "At most 9, a multiple of 0.01."),
        ({"type": "integer", "minimum": 10**350}, f"At least {10**350}."),
    ],
)
def test_the_limits_of_a_number_are_told(draw: Draw, schema: JSONValue, words: str) -> None:
    assert f"<p>{words}</p>" in drawn(draw, schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "maxLength": 201},
        {"type": "string", "contentMediaType": "text/markdown"},
        {"type": "string", "default": "two\nlines"},
    ],
)
def test_long_text_has_a_text_area(draw: Draw, schema: JSONValue) -> None:
    control = tag(drawn(draw, schema), "textarea")
    assert 'name="answer-0"' in control
    assert "answer-long" in control
    assert 'rows="4"' in control


def test_a_text_that_may_have_lines_begins_with_one(draw: Draw) -> None:
    control = tag(drawn(draw, {"type": "string", "maxLength": 40}), "textarea")
    assert 'rows="1"' in control
    assert "maxlength" not in control
    assert "answer-long" not in control


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"maxLength": 3}, "At most 3 characters."),
        ({"minLength": 1, "maxLength": 1}, "Exactly 1 character."),
        ({"minLength": 1, "maxLength": 3}, "At most 3 characters."),
        ({"minLength": 2, "maxLength": 3}, "2 to 3 characters."),
        ({"minLength": 2}, "At least 2 characters."),
    ],
)
def test_the_length_is_told_and_tied_to_the_control(
    draw: Draw, schema: JSONObject, words: str
) -> None:
    html = drawn(draw, {"type": "string", **schema})
    assert f">{words}</div>" in html
    assert 'aria-describedby="answer-0-count"' in tag(html, "textarea")
    assert words in drawn(draw, {"type": "string", "writeOnly": True, **schema})
    assert "count" not in drawn(draw, {"type": "string", "minLength": 1})


def test_a_pattern_is_not_left_to_the_browser_which_it_could_hang(draw: Draw) -> None:
    control = tag(drawn(draw, {"type": "string", "pattern": "^(a+)+$"}), "input")
    assert 'type="text"' in control
    assert "pattern=" not in control


def test_what_no_form_can_draw_is_json_for_that_part_alone(draw: Draw) -> None:
    html = drawn(draw, {"enum": [*range(1_001), {"x": 1}], "default": {"x": 1}})
    assert 'spellcheck="false"' in tag(html, "textarea")
    assert "{ &#34;x&#34;: 1 }" in html


def test_a_required_yes_or_no_is_never_answered_beforehand(draw: Draw) -> None:
    html = drawn(draw, {"type": "boolean"})
    assert html.count('type="radio"') == 2
    assert "checked" not in html
    assert drawn(draw, {"type": "boolean", "default": False}).count("checked") == 1


def test_an_optional_yes_or_no_can_be_left_unanswered(draw: Draw) -> None:
    html = drawn(draw, {"type": "boolean"}, required=False)
    assert html.count('type="radio"') == 3
    assert "No answer" in html


def test_few_options_are_radio_buttons_and_many_a_select(draw: Draw) -> None:
    assert drawn(draw, {"enum": [1, 2, 3, 4]}).count('type="radio"') == 4
    html = drawn(draw, {"enum": [1, 2, 3, 4, 5]})
    assert html.count("<option") == 6
    assert "Choose…" in html


def test_equal_looking_options_can_be_told_apart(draw: Draw) -> None:
    assert "&#34;1&#34;" in drawn(draw, {"enum": ["1", 1]})


def test_constants_are_facts_without_controls(draw: Draw) -> None:
    constants: JSONObject = {"x": {"const": "A"}, "y": {"const": [1.0, None]}}
    html = drawn(draw, {"properties": constants, "required": ["x", "y"]})
    assert "<dt>X</dt>" in html
    assert "1.0" in html
    assert "<input" not in html
    assert "fieldset" not in html


def test_secrets_are_never_drawn(draw: Draw) -> None:
    schema: JSONValue = {
        "properties": {
            "a": {"type": "string", "writeOnly": True, "default": "hunter2"},
            "b": {"const": "hunter2", "writeOnly": True},
        }
    }
    sent = MultiDict({"answer-0": "hunter2-typed"})
    for form in (AnswerForm.blank(schema), AnswerForm.submitted(schema, sent)):
        form.read()
        assert "hunter2" not in draw(form)


def test_a_long_secret_has_lines_that_are_masked_and_never_drawn(draw: Draw) -> None:
    schema: JSONValue = {"type": "string", "writeOnly": True, "maxLength": 4000}
    whole: JSONValue = {"properties": {"a": schema}}
    form = AnswerForm.submitted(whole, MultiDict({"answer-0": "hunter2\r\nof lines"}))
    assert form.read().value == {"a": "hunter2\nof lines"}
    html = draw(form)
    assert "hunter2" not in html
    control = tag(html, "textarea")
    assert "answer-secret" in control
    assert 'spellcheck="false"' in control


def test_an_empty_form_says_so(draw: Draw) -> None:
    schema: JSONValue = {"type": "object", "properties": {}, "additionalProperties": False}
    assert "There is nothing to fill in." in draw(AnswerForm.blank(schema))


def test_what_a_schema_does_not_name_is_something_to_fill_in(draw: Draw) -> None:
    html = draw(AnswerForm.blank({"type": "object"}, {"account": "A0"}))
    assert "A0" in html
    assert "There is nothing to fill in." not in html
    assert "There is nothing to fill in." in draw(AnswerForm.blank({"type": "object"}))


def test_labels_hints_and_errors_are_tied_to_their_control(draw: Draw) -> None:
    schema: JSONValue = {
        "properties": {"n": {"type": "integer", "title": "Count", "description": "How many."}},
        "required": ["n"],
    }
    form = AnswerForm.submitted(schema, MultiDict({"answer-0": "x"}))
    form.read()
    html = re.sub(r"\s+", " ", draw(form))
    assert '<label class="form-label" for="answer-0">Count' in html
    control = tag(html, 'input[^>]*name="answer-0"')
    assert 'aria-describedby="answer-0-hint answer-0-error"' in control
    assert 'aria-invalid="true"' in control
    assert "is-invalid" in control
    assert 'id="answer-0-hint"' in html
    assert 'id="answer-0-error"' in html
    assert '<a class="alert-link" href="#answer-0">Count</a>' in html
    assert 'role="alert" tabindex="-1"' in html


def test_groups_of_radio_buttons_have_a_legend(draw: Draw) -> None:
    html = drawn(draw, {"type": "boolean", "title": "Approve?"})
    assert '<legend class="form-label">Approve?' in html
    assert 'for="answer-0-1">No</label>' in html


def test_agents_words_are_escaped(draw: Draw) -> None:
    evil = "\"'><script>alert(1)</script>"
    words: dict[str, JSONValue] = {"title": evil, "description": evil, "examples": [evil]}
    parts: list[JSONValue] = [
        {**words, "type": "string", "default": evil},
        {**words, "type": "string", "default": f"</textarea>{evil}\n"},
        {**words, "const": evil},
        {**words, "enum": [evil, {evil: evil}]},
        {**words, "enum": [evil, *range(9)]},
        {**words, "oneOf": [{"const": 1, **words}, {"const": 2}]},
        {**words, "type": "array", "items": {**words, "type": "string"}, "default": [evil]},
        {**words, "properties": {evil: {**words, "type": "string", "pattern": evil}}},
        {**words, "default": {evil: evil}},
    ]
    schema: JSONValue = {"properties": {f"{evil}{at}": part for at, part in enumerate(parts)}}
    form = AnswerForm.blank(schema)
    form.read()
    html = draw(form)
    assert "alert(1)" in html
    assert "<script" not in html


def test_row_buttons_work_with_and_without_javascript(draw: Draw) -> None:
    html = drawn(draw, {"type": "array", "items": {"type": "string"}, "default": ["x"]})
    remove = tag(html, 'button[^>]*name="_remove"')
    add = tag(html, 'button[^>]*name="_add"')
    assert 'value="answer-0-0"' in remove
    assert 'value="answer-0"' in add
    for button in (add, remove):
        assert 'type="submit"' in button
        assert 'hx-post="/refresh" hx-target="#answer-0-part"' in button
        assert 'hx-swap="outerHTML settle:0ms"' in button


def test_no_script_or_style_stands_in_the_markup(draw: Draw) -> None:
    html = drawn(draw, {"type": "array", "items": {"type": "boolean"}, "default": [True]})
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", html)


def test_what_the_options_of_a_select_mean_can_be_read(draw: Draw) -> None:
    branches: list[JSONValue] = [
        {"const": number, "title": f"No {number}", "description": f"Means {number}"}
        for number in range(6)
    ]
    html = drawn(draw, {"oneOf": branches})
    assert "<summary>What the options mean</summary>" in html
    assert "<dt>No 5</dt> <dd> <p>Means 5</p> </dd>" in html
    assert "<summary>What" not in drawn(draw, {"enum": list(range(6))})


@pytest.mark.parametrize(
    ("schema", "is_open"),
    [
        ({"type": "object"}, True),
        ({"type": "object", "properties": {}}, True),
        ({"type": "object", "properties": {}, "additionalProperties": False}, False),
        ({"type": "object", "unevaluatedProperties": False}, False),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, False),
    ],
)
def test_fields_of_ones_own_can_be_added_where_there_are_none(
    draw: Draw, schema: JSONValue, is_open: bool
) -> None:
    html = draw(AnswerForm.blank(schema))
    assert ("Add fields of your own" in html) is is_open
    assert ("There is nothing to fill in." in html) is not ('name="answer-0"' in html)
