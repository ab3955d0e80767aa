"""The shape of a question's schema: what it proposes in the answer says nothing, all else does."""

from random import Random
from typing import Any

import pytest

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.limits import check_schema
from opensink_web.schema.standing import affirmation_of, condition_for
from opensink_web.schema.standing_shape import shape_of
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit


def schema(**properties: JSONValue) -> JSONObject:
    return {"type": "object", "properties": properties, "required": [*properties]}


def asked(of: JSONObject) -> str:
    """Return the shape of a question as it is asked: with the yes to it."""
    check_schema(of)
    affirmation = affirmation_of(of)
    assert affirmation is not None
    return shape_of(of, affirmation.value)


def optional_group(amount: JSONValue) -> JSONObject:
    transfer = schema(amount=amount, memo={"type": "string"})
    properties: JSONObject = {"approved": {"type": "boolean"}, "transfer": transfer}
    return {"type": "object", "properties": properties, "required": ["approved"]}


class MadeUp:
    """A schema whose structure is chosen by one number, and what it proposes by another."""

    def __init__(self, structure: int, values: int) -> None:
        self._structure, self._values = Random(structure), Random(values)
        self._definitions: JSONObject = {}

    def schema(self) -> JSONObject:
        made = self._object(3)[0]
        return {**made, "$defs": self._definitions}

    def _object(self, depth: int) -> tuple[JSONObject, JSONObject]:
        names = [f"field{at}" for at in range(self._structure.randrange(1, 4))]
        parts = {name: self._part(depth - 1) for name in names}
        made = schema(**{name: part for name, (part, _) in parts.items()})
        return made, {name: value for name, (_, value) in parts.items()}

    def _part(self, depth: int) -> tuple[JSONObject, JSONValue]:
        if depth <= 0 or self._structure.random() < 0.4:
            return self._leaf()
        part, value = self._object(depth) if self._structure.random() < 0.6 else self._leaf()
        match self._structure.randrange(6):
            case 0:
                return part, value
            case 1:
                name = f"Definition{len(self._definitions)}"
                self._definitions[name] = part
                return {"$ref": f"#/$defs/{name}"}, value
            case 2:
                return {"allOf": [part], "title": "All"}, value
            case 3:
                return {"anyOf": [part, {"type": "null"}], "default": value}, value
            case 4:
                return {"type": "array", "items": part, "default": [value, value]}, [value, value]
            case _:
                entries: list[JSONValue] = [value, "-"]
                prefix: list[JSONValue] = [part, {"type": "string"}]
                return {"type": "array", "prefixItems": prefix, "default": entries}, entries

    def _leaf(self) -> tuple[JSONObject, JSONValue]:
        value: JSONValue = self._values.choice(
            [
                self._values.randrange(10**6),
                self._values.random(),
                10**40 + self._values.randrange(9),
            ]
        )
        if self._structure.random() < 0.3:
            value = f"é\u202e{value}"
        match self._structure.randrange(3):
            case 0:
                return {"const": value}, value
            case 1:  # as Pydantic wrote a Literal until 2.9
                return {"const": value, "enum": [value]}, value
            case _:
                kind = "string" if isinstance(value, str) else "number"
                return {"type": kind, "default": value, "examples": [value]}, value


@pytest.mark.parametrize("structure", range(60))
def test_wherever_it_is_proposed_it_says_nothing(structure: int) -> None:
    one, other = MadeUp(structure, 1).schema(), MadeUp(structure, 2).schema()
    assert asked(one) == asked(other)
    yes, no = affirmation_of(one), affirmation_of(other)
    assert yes is not None
    assert no is not None
    condition = condition_for(one, yes.value)
    assert condition is not None
    assert not validate(condition, yes.value)
    assert validate(condition, no.value), "what it proposes is held against the condition instead"
    assert asked({**other, "description": "Twice."}) != asked(one)


@pytest.mark.parametrize(
    "asks",
    [
        # a group that may be left out, and is: nothing of it is in the answer
        lambda n: optional_group({"const": n}),
        lambda n: optional_group({"type": "integer", "default": n}),
        # entries of a list that is empty
        lambda n: schema(
            to={"const": "Ada"}, lines={"type": "array", "items": {"const": n}, "default": []}
        ),
        # one of several choices
        lambda n: schema(
            to={"const": "Ada"}, plan={"oneOf": [{"const": 1}, {"const": n}], "default": 1}
        ),
        lambda n: schema(to={"const": "Ada"}, plan={"enum": [1, n], "default": 1}),
        # a test, also where the same definition is proposed elsewhere
        lambda n: (
            schema(to={"const": "Ada"})
            | {"if": {"properties": {"to": {"const": n}}}, "then": {"maxProperties": 9}}
        ),
        lambda n: (
            schema(to={"$ref": "#/$defs/sum"})
            | {
                "$defs": {"sum": {"const": n}},
                "not": {"properties": {"to": {"not": {"$ref": "#/$defs/sum"}}}},
            }
        ),
        # a definition that nothing refers to
        lambda n: schema(to={"const": "Ada"}) | {"$defs": {"sum": {"const": n}}},
        # another branch of a union
        lambda n: schema(
            pay={
                "oneOf": [
                    schema(kind={"const": "cash"}),
                    schema(kind={"const": "wire"}, amount={"const": n}),
                ],
                "default": {"kind": "cash"},
            }
        ),
    ],
)
def test_what_the_answer_does_not_say_is_part_of_the_shape(asks: Any) -> None:
    """Nobody who allowed 5 in there allowed 5,000,000."""
    assert asked(asks(5)) == asked(asks(5))
    assert asked(asks(5)) != asked(asks(5_000_000))


def test_one_that_refers_to_itself_has_a_shape() -> None:
    tree: JSONObject = {"properties": {"size": {"const": 1}, "next": {"$ref": "#/$defs/tree"}}}
    of = schema(to={"const": "Ada"}) | {
        "$defs": {"tree": tree},
        "allOf": [{"$ref": "#/$defs/tree"}],
    }
    assert shape_of(of) == shape_of(of)


def test_so_much_that_nobody_holds_it_against_the_answer_keeps_its_constants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert asked(schema(a={"const": 1})) == asked(schema(a={"const": 2}))
    monkeypatch.setattr("opensink_web.schema.standing_shape.MAX_VISITS", 1)
    assert asked(schema(a={"const": 1})) != asked(schema(a={"const": 2}))


class TestShapes:
    def test_what_is_proposed_says_nothing(self) -> None:
        first: JSONValue = schema(
            qty={"type": "integer", "default": 1, "examples": [2]},
            to={"const": "Ada"},
            lines={"type": "array", "prefixItems": [{"const": 1}], "items": {"default": 2}},
        )
        other: JSONValue = schema(
            qty={"examples": [7], "default": 8, "type": "integer"},
            to={"const": "Bob"},
            lines={"type": "array", "prefixItems": [{"const": 9}], "items": {}},
        )
        assert shape_of(first) == shape_of(other)

    @pytest.mark.parametrize(
        "other",
        [
            schema(qty={"type": "number", "default": 1}),
            schema(qty={"type": "integer", "default": 1, "title": "Thousands"}),
            schema(qty={"type": "integer", "default": 1, "enum": [1]}),
            schema(qty={"type": "integer", "default": 1, "maximum": 9}),
            schema(qty={"type": "integer", "default": 1}) | {"required": []},
            schema(qty={"type": "integer", "default": 1}, more={"const": 1}),
            schema(qty={"type": "integer", "default": 1}) | {"description": "Twice."},
            True,
        ],
        ids=dump,
    )
    def test_all_else_does(self, other: JSONValue) -> None:
        assert shape_of(schema(qty={"type": "integer", "default": 1})) != shape_of(other)

    def test_constants_that_are_choices_or_tests_do(self) -> None:
        def choice(yes: bool) -> JSONObject:
            options: list[Any] = [
                {"const": yes, "title": "Yes"},
                {"const": not yes, "title": "No"},
            ]
            return schema(approved={"oneOf": options})

        def test(value: int) -> JSONObject:
            return {"if": {"properties": {"a": {"const": value}}}, "then": {"required": ["b"]}}

        assert shape_of(choice(True)) != shape_of(choice(False))
        assert shape_of(test(1)) != shape_of(test(2))

    def test_a_property_may_be_called_as_a_keyword_is(self) -> None:
        one, other = schema(default={"type": "string"}), schema(default={"type": "integer"})
        assert shape_of(one) != shape_of(other)
        assert shape_of(schema(const={"const": 1})) == shape_of(schema(const={"const": 2}))
