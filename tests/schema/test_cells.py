"""Forms as rows of a table: what has a cell, and what stays as it is proposed."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject
from opensink_web.schema.cells import MAX_CELLS, RowOfCells, row_of_cells
from opensink_web.schema.form import AnswerForm

TEXT = {"type": "string"}


def of(properties: Any, required: Any = (), **more: Any) -> Any:
    return {"type": "object", "properties": properties, "required": list(required), **more}


def row_of(schema: Any, proposed: Any = None) -> RowOfCells:
    row = row_of_cells(AnswerForm.blank(schema, proposed, name="row"))
    assert row is not None
    return row


@pytest.mark.parametrize(
    "schema",
    [
        TEXT,
        {"type": "integer"},
        {"type": "boolean"},
        {"enum": ["a", "b", "c", "d", "e", "f"]},
        {"const": 3},
        {"type": ["string", "integer"]},
        {"type": "string", "format": "date"},
        {"anyOf": [{"type": "number"}, {"type": "null"}]},
    ],
)
def test_what_fits_into_a_box_has_a_cell(schema: Any) -> None:
    row = row_of(of({"it": schema}, ["it"]))
    assert [each.title for each in row.cells] == ["It"]
    assert (row.undrawn, row.lacks) == ({}, ())


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": TEXT},
        {"type": "object", "additionalProperties": TEXT},
        {"type": "string", "writeOnly": True},
        {"oneOf": [of({"a": TEXT}, ["a"]), of({"b": TEXT}, ["b"])]},
    ],
)
def test_what_does_not_has_none_and_is_lacking_where_it_is_required(schema: Any) -> None:
    needed = row_of(of({"n": TEXT, "it": schema}, ["it"]))
    assert [each.title for each in needed.cells] == ["N"]
    assert needed.lacks == ("It",)
    assert row_of(of({"n": TEXT, "it": schema})).lacks == ()


def test_objects_in_it_are_cells_of_their_own() -> None:
    row = row_of(of({"to": of({"name": TEXT, "city": TEXT}, ["name"])}, ["to"]))
    assert [each.title for each in row.cells] == ["To: Name", "To: City"]


def test_fields_that_come_and_go_make_no_table() -> None:
    schema = of(
        {"a": {"type": "boolean"}},
        **{"if": {"properties": {"a": {"const": True}}}, "then": {"required": ["b"]}},
    )
    assert row_of_cells(AnswerForm.blank(schema)) is None


def test_a_wide_answer_is_cut() -> None:
    row = row_of(of({f"f{n}": TEXT for n in range(MAX_CELLS + 2)}))
    assert len(row.cells) == MAX_CELLS
    assert row.undrawn == {"row-undrawn": f"{MAX_CELLS} {MAX_CELLS + 1}"}


def test_what_has_no_cell_is_answered_as_it_was_proposed() -> None:
    schema = of(
        {"n": {"type": "integer"}, "tags": {"type": "array", "items": TEXT}, "deep": of({"x": {}})},
        ["n"],
    )
    proposed: JSONObject = {"n": 1, "tags": ["a", "b"], "deep": {"x": {"y": [1]}}, "further": 5}
    row = row_of(schema, proposed)
    sent = MultiDict({row.cells[0].field.name: "7", **row.undrawn})
    form = AnswerForm.submitted(schema, sent, proposed, name="row")
    assert form.read().value == {**proposed, "n": 7}
