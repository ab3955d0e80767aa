"""What was typed into a form goes over to the next revision where the same is asked."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONValue
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.moved import moved
from opensink_web.schema.tree.node import ABSENT

NOTE: JSONValue = {"type": "string", "title": "Note"}
AMOUNT: Any = {"type": "integer", "default": 60}


def form(**properties: JSONValue) -> JSONValue:
    return {"type": "object", "properties": properties, "required": list(properties)}


def after(before: JSONValue, schema: JSONValue, **typed: str) -> Any:
    """Type into the fields of a form by their pointers, and read the next one."""
    blank = AnswerForm.blank(before)
    names = {field.pointer: str(field.name) for field in blank.root.active()}
    sent = MultiDict(
        {
            str(field.name): str(field.data)
            for field in blank.root.active()
            if not field.parts() and isinstance(field.data, int | str)
        }
    )
    for pointer, text in typed.items():
        sent[names["/" + pointer.replace("__", "/")]] = text
    old = AnswerForm.submitted(before, sent)
    new = AnswerForm.submitted(schema, moved(sent, old, AnswerForm.blank(schema)))
    return {
        field.pointer: None if field.data is ABSENT else str(field.data)
        for field in new.root.active()
        if not field.parts() and field.pointer
    }


def test_a_field_goes_where_it_is_by_its_name() -> None:
    before = form(first=NOTE, second=NOTE)
    assert after(before, form(new=NOTE, second=NOTE, first=NOTE), first="a", second="b") == {
        "/new": after(form(new=NOTE), form(new=NOTE))["/new"],
        "/second": "b",
        "/first": "a",
    }


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({**AMOUNT, "title": "Refund"}, "55"),
        ({**AMOUNT, "default": 50}, "55"),
        ({**AMOUNT, "maximum": 70}, "60"),
        ({"type": "string"}, None),
    ],
)
def test_what_was_changed_stays_where_the_same_is_asked(schema: Any, expected: str | None) -> None:
    value = after(form(note=NOTE, amount=AMOUNT), form(amount=schema, note=NOTE), amount="55")
    assert value["/amount"] == expected


def test_what_nobody_changed_follows_the_new_proposal() -> None:
    new = form(note=NOTE, amount={**AMOUNT, "default": 50})
    value = after(form(note=NOTE, amount=AMOUNT), new, note="typed")
    assert (value["/amount"], value["/note"]) == ("50", "typed")


def test_inside_a_group_it_goes_field_by_field() -> None:
    value = after(
        form(order=form(a=NOTE, b=NOTE)), form(x=NOTE, order=form(b=NOTE, c=NOTE)), order__b="typed"
    )
    assert value["/order/b"] == "typed"
    assert not value["/order/c"]


def test_nothing_goes_where_a_reference_leads_elsewhere() -> None:
    def refers(definition: JSONValue) -> Any:
        return {**dict(form(a={"$ref": "#/$defs/x"})), "$defs": {"x": definition}}  # type: ignore[arg-type]

    value = after(refers({"type": "string"}), refers({"type": "string", "maxLength": 2}), a="typed")
    assert not value["/a"]
