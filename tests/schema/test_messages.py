"""What is wrong is said of the field that it is about, and names others by their titles."""

from typing import Any

import pytest

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.titles import Titles
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit

REQUIRED = "This field is required."
UNKNOWN = "The schema has no field with this name."
NAMES: JSONObject = {"email": {"title": "E-mail"}, "phone": {"title": "Telephone"}, "faxNumber": {}}
CONTACT: JSONObject = {"type": "object", "properties": NAMES}


def told(schema: JSONValue, instance: JSONValue) -> list[tuple[str, str]]:
    return [(error.path, error.message) for error in validate(schema, instance)]


def needs(*names: str) -> JSONObject:
    return {"required": list(names)}


def branch(tag: str, title: str = "", **properties: Any) -> JSONObject:
    properties = {"action": {"const": tag}, **properties}
    words: JSONObject = {"properties": properties, "required": list(properties)}
    return words | {"additionalProperties": False} | ({"title": title} if title else {})


DECISION: JSONObject = {
    "type": "object",
    "oneOf": [
        branch("refund", amount={"type": "number", "exclusiveMinimum": 0}),
        branch("reject", reason={"type": "string", "minLength": 5}),
    ],
}


class TestWhatToFillIn:
    @pytest.mark.parametrize(
        ("words", "instance", "message"),
        [
            ({"anyOf": [needs("email"), needs("phone")]}, {}, "Fill in “E-mail” or “Telephone”."),
            (
                {"oneOf": [needs("email"), needs("phone"), needs("faxNumber")]},
                {},
                "Fill in “E-mail”, “Telephone” or “Fax number”.",
            ),
            (
                {"anyOf": [needs("email", "phone"), needs("faxNumber")]},
                {},
                "Fill in “E-mail” and “Telephone” or “Fax number”.",
            ),
            (
                {"oneOf": [needs("email"), needs("phone"), needs("faxNumber")]},
                {"email": 1, "phone": 2},
                "Fill in only one of “E-mail” and “Telephone”.",
            ),
            (
                {"not": needs("email", "phone")},
                {"email": 1, "phone": 2},
                "Do not fill in “E-mail” and “Telephone” together.",
            ),
            (
                {"not": {"anyOf": [needs("email", "phone"), needs("phone", "faxNumber")]}},
                {"phone": 1, "faxNumber": 2},
                "Do not fill in “Telephone” and “Fax number” together.",
            ),
            (
                {
                    "not": {
                        "properties": {"email": {"const": 1}, "phone": {"const": 2}},
                        **needs("email", "phone"),
                    }
                },
                {"email": 1, "phone": 2},
                "These values are not allowed together: “E-mail” and “Telephone”.",
            ),
            ({"minProperties": 1}, {}, "This needs at least 1 field."),
        ],
    )
    def test_is_said_of_the_object(
        self, words: JSONObject, instance: JSONValue, message: str
    ) -> None:
        assert told(CONTACT | words, instance) == [("", message)]
        below: JSONObject = {
            "properties": {"a": {"$ref": "#/$defs/c"}},
            "$defs": {"c": CONTACT | words},
        }
        assert told(below, {"a": instance}) == [("/a", message)]

    @pytest.mark.parametrize(
        ("words", "instance", "path", "message"),
        [
            ({"anyOf": [needs("email"), needs("email", "phone")]}, {}, "/email", REQUIRED),
            (
                {"dependentRequired": {"email": ["phone"]}},
                {"email": 1},
                "/phone",
                "Fill this in too, because “E-mail” is filled in.",
            ),
            (
                {"dependencies": {"email": ["phone"]}},
                {"email": 1},
                "/phone",
                "Fill this in too, because “E-mail” is filled in.",
            ),
            ({"dependentSchemas": {"email": needs("phone")}}, {"email": 1}, "/phone", REQUIRED),
            ({"if": needs("email"), "then": needs("phone")}, {"email": 1}, "/phone", REQUIRED),
            (
                {"not": needs("email")},
                {"email": 1},
                "/email",
                "Leave this out: no value is allowed here.",
            ),
            (
                {"properties": {"x": False}},
                {"x": 1},
                "/x",
                "Leave this out: no value is allowed here.",
            ),
            (
                {"not": {"properties": {"email": {"const": 1}}, **needs("email")}},
                {"email": 1},
                "/email",
                "This value is not allowed. Choose another.",
            ),
            ({"additionalProperties": False}, {"x": 1}, "/x", UNKNOWN),
            (
                {"propertyNames": {"pattern": "^[a-z]+$"}},
                {"X": 1},
                "/X",
                "A field cannot have this name: it must match the pattern ^[a-z]+$",
            ),
            (
                {"propertyNames": {"enum": ["a"]}},
                {"X": 1},
                "/X",
                "A field cannot have this name: it must be one of the options.",
            ),
        ],
    )
    def test_is_said_of_the_field(
        self, words: JSONObject, instance: JSONValue, path: str, message: str
    ) -> None:
        assert told(CONTACT | words, instance) == [(path, message)]


class TestOneOfSeveralForms:
    @pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
    @pytest.mark.parametrize(
        ("instance", "errors"),
        [
            (
                {"action": "refund", "reason": "duplicate"},
                [("/reason", UNKNOWN), ("/amount", REQUIRED)],
            ),
            ({"action": "reject", "amount": 1}, [("/amount", UNKNOWN), ("/reason", REQUIRED)]),
            ({"action": "refund", "amount": 0}, [("/amount", "This must be more than 0.")]),
            ({"action": "refund", "amount": "x"}, [("/amount", "This must be a number.")]),
            ({"action": "wait"}, [("/action", "This must be one of: refund, reject.")]),
            ({"action": None, "amount": 1}, [("/action", "This must be one of: refund, reject.")]),
            ({}, [("/action", REQUIRED)]),
        ],
    )
    def test_is_the_one_that_its_tag_tells(
        self, instance: JSONValue, errors: list[tuple[str, str]], keyword: str
    ) -> None:
        schema: JSONObject = {"type": "object", keyword: DECISION["oneOf"]}
        assert sorted(told(schema, instance)) == sorted(errors)
        assert sorted(told({"properties": {"d": {"items": schema}}}, {"d": [instance]})) == sorted(
            (f"/d/0{path}", message) for path, message in errors
        )

    def test_a_tag_may_have_several_values_and_stand_behind_references(self) -> None:
        cat: JSONObject = {
            "properties": {"kind": {"enum": ["cat", "kitten"]}},
            "required": ["kind", "lives"],
        }
        dog: JSONObject = {
            "allOf": [{"properties": {"kind": {"const": "dog"}}, "required": ["kind", "tail"]}]
        }
        schema: JSONObject = {
            "anyOf": [{"$ref": "#/$defs/c"}, {"$ref": "#/$defs/d"}],
            "$defs": {"c": cat, "d": dog},
        }
        assert told(schema, {"kind": "kitten"}) == [("/lives", REQUIRED)]
        assert told(schema, {"kind": "dog"}) == [("/tail", REQUIRED)]
        assert told(schema, {"kind": "cow"}) == [
            ("/kind", "This must be one of: cat, kitten, dog.")
        ]

    def test_without_a_tag_is_the_one_that_fits_best(self) -> None:
        card: JSONObject = {
            "properties": {"number": {"type": "string"}, "cvc": {"type": "string", "minLength": 3}},
            "required": ["number", "cvc"],
        }
        bank: JSONObject = {"properties": {"iban": {"type": "string"}}, "required": ["iban"]}
        assert told({"anyOf": [card, bank]}, {"number": "4", "cvc": "1"}) == [
            ("/cvc", "This must have at least 3 characters.")
        ]

    def test_of_two_that_fit_alike_the_titles_are_told(self) -> None:
        schema: JSONObject = {
            "oneOf": [
                {"title": "Card", "required": ["a", "b"], "minProperties": 5},
                {"title": "Bank", "required": ["c", "d"], "minProperties": 5},
            ]
        }
        assert told(schema, {"x": 1}) == [("", "This fits none of “Card” and “Bank”.")]

    def test_two_at_once_are_named(self) -> None:
        schema: JSONObject = {
            "oneOf": [{"title": "Card"}, {"title": "Bank"}, {"title": "None", "maxProperties": 0}]
        }
        assert told(schema, {"x": 1}) == [
            ("", "This fits “Card” and “Bank” at once; it must fit exactly one.")
        ]

    @pytest.mark.parametrize(
        ("words", "value", "message"),
        [
            (
                {"anyOf": [{"type": "string"}, {"type": "number"}]},
                [],
                "This must be text or a number.",
            ),
            (
                {
                    "anyOf": [
                        {"type": "string", "format": "date"},
                        {"type": "string", "format": "uuid"},
                    ]
                },
                "x",
                (
                    "This must be a date, such as 2026-01-31 or a UUID, such as "
                    "123e4567-e89b-12d3-a456-426614174000."
                ),
            ),
            (
                {"anyOf": [{"type": "string", "minLength": 3}, {"type": "null"}]},
                "x",
                "This must have at least 3 characters.",
            ),
            ({"oneOf": [{"const": "a"}, {"const": "b"}]}, "c", "This must be one of the options."),
            ({"oneOf": [{"const": "a"}, {"const": "b"}]}, None, REQUIRED),
        ],
    )
    def test_of_scalars(self, words: JSONObject, value: JSONValue, message: str) -> None:
        assert told({"properties": {"a": words}}, {"a": value}) == [("/a", message)]


class TestValues:
    @pytest.mark.parametrize(
        ("words", "value", "message"),
        [
            ({"type": ["string", "null"], "enum": ["minor"]}, None, REQUIRED),
            ({"type": ["string", "null"], "const": "minor"}, None, REQUIRED),
            ({"enum": ["minor"]}, "x", "This must be one of the options."),
            ({"not": {"const": "x"}}, "x", "This value is not allowed. Choose another."),
            ({"not": {"enum": ["x"]}}, "x", "This value is not allowed. Choose another."),
            ({"not": {"type": "null"}}, None, "This must not be empty (null)."),
            ({"not": {"type": ["string", "null"]}}, "x", "This must not be text or empty (null)."),
            ({"not": {"pattern": "."}}, "x", "This must not match the pattern ."),
            ({"contains": {"type": "string"}}, [1], "At least 1 entry must be text."),
            (
                {"contains": {"title": "Owner", "required": ["o"]}, "minContains": 2},
                [{}],
                "At least 2 entries must be “Owner”.",
            ),
            (
                {"contains": {"const": 1}, "maxContains": 1},
                [1, 1],
                "At most 1 entry can be what the schema asks for.",
            ),
        ],
    )
    def test_each_kind_has_its_sentence(
        self, words: JSONObject, value: JSONValue, message: str
    ) -> None:
        assert told({"properties": {"a": words}}, {"a": value}) == [("/a", message)]

    def test_an_entry_too_much_is_told_at_its_place(self) -> None:
        schema: JSONObject = {"properties": {"a": {"prefixItems": [{}], "items": False}}}
        assert told(schema, {"a": [1, 2]}) == [("/a/1", "The schema has no place for this entry.")]


@pytest.mark.parametrize(
    "schema",
    [
        {
            "properties": {"t": {"writeOnly": True}},
            "oneOf": [branch("s3cr3t-a"), branch("s3cr3t-b")],
        },
        {
            "properties": {
                "action": {"oneOf": [branch("s3cr3t-a"), branch("s3cr3t-b")], "writeOnly": True}
            }
        },
    ],
)
def test_no_constant_of_a_secret_is_told(schema: JSONObject) -> None:
    properties: Any = schema["properties"]
    properties |= {"action": {"writeOnly": True, **properties.get("action", {})}}
    values: list[JSONValue] = ["x", {"action": "x"}, {}, None]
    for value in values:
        assert "s3cr3t" not in str(told(schema, {"action": value}))


def test_titles_are_those_of_the_place() -> None:
    schema: JSONObject = {
        "allOf": [{"$ref": "#/$defs/a"}],
        "properties": {"list": {"items": {"properties": {"x": {"title": "Inner"}}}}},
        "$defs": {"a": {"properties": {"x": {"$ref": "#/$defs/x"}}}, "x": {"title": "Outer"}},
    }
    titles = Titles(schema)
    assert titles.of((), "x") == "Outer"
    assert titles.of(("list", 3), "x") == "Inner"
    assert titles.of(("map",), "limitPrice") == "Limit price"
    assert Titles({"$ref": "#"}).of((), "a_b") == "A b"
