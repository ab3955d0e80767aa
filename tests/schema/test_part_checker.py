"""A value is held against one part of a schema, whose references lead where they do in it."""

import pytest

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.part_checker import PartChecker

pytestmark = pytest.mark.unit


def test_the_same_reference_of_two_parts_leads_to_each_ones_own() -> None:
    kinds: list[JSONValue] = [
        {"$id": f"https://example.org/{kind}", "$defs": {"x": {"type": kind}}, "$ref": "#/$defs/x"}
        for kind in ("integer", "string")
    ]
    number, text = kinds
    document: JSONObject = {"$defs": {"number": number, "text": text}}
    checker = PartChecker(document)
    # combined of two, as flattening makes them, they stand nowhere in the document
    for part, fitting, other in ((number, 1, "x"), (text, "x", 1)):
        made: JSONValue = {"allOf": [part, {"title": "Made"}]}
        assert checker.errors_of(made, fitting) == ()
        assert [error.path for error in checker.errors_of(made, other)] == [""]
