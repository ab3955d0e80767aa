"""A reference leads where RFC 3986 says: checked, drawn and kept secret as what stands there."""

from typing import Any

import pytest

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema import limits
from opensink_web.schema.limits import check_schema
from opensink_web.schema.references import References
from opensink_web.schema.secrets import secrets_of
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import Kind
from opensink_web.schema.validation import validate

pytestmark = pytest.mark.unit

WHOLE: JSONObject = {"type": "integer"}
DRAFT_04 = "http://json-schema.org/draft-04/schema#"
DRAFT_07 = "http://json-schema.org/draft-07/schema#"


def referring(reference: str, definitions: Any, **words: Any) -> JSONObject:
    """Build a document with one property `a` that refers to something."""
    return {"properties": {"a": {"$ref": reference}}, "definitions": definitions, **words}


def refused(schema: JSONValue) -> tuple[str, str]:
    with pytest.raises(InvalidSchema) as caught:
        check_schema(schema)
    [error] = caught.value.errors
    return error.path, error.message


@pytest.mark.parametrize(
    "schema",
    [
        referring("#/definitions/n", {"n": WHOLE}),
        referring("#/definitions/a%25b~1c%20d", {"a%b/c d": WHOLE}),
        referring(
            "http://x.test/r.json#/definitions/n", {"n": WHOLE}, **{"$id": "http://x.test/r.json"}
        ),
        referring("r.json#/definitions/n", {"n": WHOLE}, **{"$id": "http://x.test/r.json#"}),
        referring("/r.json#/definitions/n", {"n": WHOLE}, **{"$id": "http://x.test/r.json"}),
        referring(
            "HTTP://X.test:80/b/../r.json#/definitions/n",
            {"n": WHOLE},
            **{"$id": "http://x.test/r.json"},
        ),
        referring("r.json#/definitions/n", {"n": WHOLE}, **{"$id": "r.json"}),
        referring("urn:uuid:1#/definitions/n", {"n": WHOLE}, **{"$id": "urn:uuid:1"}),
        referring("n.json", {"n": {"$id": "n.json", **WHOLE}}),
        referring(
            "n.json", {"n": {"$id": "http://x.test/n.json", **WHOLE}}, **{"$id": "http://x.test/r"}
        ),
        referring(
            "http://y.test/n",
            {"n": {"$id": "http://y.test/n", **WHOLE}},
            **{"$id": "http://x.test/r"},
        ),
        referring("dir/n", {"d": {"$id": "dir/", "definitions": {"n": {"$id": "n", **WHOLE}}}}),
        referring("n#/$defs/m", {"n": {"$id": "n", "$defs": {"m": WHOLE}}}),
        referring(
            "foo://h/p/n", {"d": {"$id": "foo://h/p/q", "$defs": {"n": {"$id": "n", **WHOLE}}}}
        ),
        referring("#n", {"n": {"$anchor": "n", **WHOLE}}),
        referring(
            "o#n",
            {"n": {"$anchor": "n"}, "o": {"$id": "o", "$defs": {"n": {"$anchor": "n", **WHOLE}}}},
        ),
        referring("#n", {"n": {"$id": "#n", **WHOLE}}, **{"$schema": DRAFT_07}),
        referring("#n", {"n": {"id": "#n", **WHOLE}}, **{"$schema": DRAFT_04}),
        referring(
            "n.json",
            {"n": {"id": "n.json", **WHOLE}},
            id="http://x.test/r",
            **{"$schema": DRAFT_04},
        ),
        # within an embedded document, "#" is that document
        referring(
            "o#/definitions/m",
            {
                "o": {"$id": "o", "definitions": {"m": {"$ref": "#/definitions/n"}, "n": WHOLE}},
                "n": {"type": "string"},
            },
        ),
        referring(
            "#/definitions/o/definitions/m",
            {
                "o": {"$id": "o", "definitions": {"m": {"$ref": "#/definitions/n"}, "n": WHOLE}},
                "n": {},
            },
        ),
        # in 2020-12, `id` is any word, and what stands in `enum` is a value
        referring("#/definitions/n", {"n": {"id": "http://x.test/", **WHOLE}}),
        referring("n", {"n": {"$id": "n", **WHOLE}, "m": {"enum": [{"$id": "n"}]}}),
        # until draft-07, nothing beside a `$ref` counts
        referring(
            "#/definitions/n",
            {"n": {"$ref": "#/definitions/m", "$id": "http://x.test/"}, "m": WHOLE},
            **{"$schema": DRAFT_07},
        ),
        # bundlers write the same part twice
        referring("n", {"n": {"$id": "n", **WHOLE}, "m": {"$id": "n", **WHOLE}}),
        # where no keyword holds schemas
        referring("#/x-parts/n", {}, **{"x-parts": {"n": {"$ref": "#/definitions/n"}}})
        | {"definitions": {"n": WHOLE}},
    ],
)
def test_is_checked_and_drawn_as_what_it_points_at(schema: JSONObject) -> None:
    check_schema(schema)
    assert validate(schema, {"a": 1}) == ()
    assert validate(schema, {"a": "x"}) != ()
    assert field_tree(schema).children[0].kind is Kind.INTEGER


@pytest.mark.parametrize(
    "schema",
    [
        referring("https://x.test/n", {}),
        referring("n", {}),
        referring("n.json", {}, **{"$id": "http://x.test/r"}),
        referring("n", {"n": {"id": "n"}}),
        referring("n", {"n": {"$id": "n"}}, **{"$schema": DRAFT_04}),
        referring("r.json", {}, **{"$id": "urn:x:r.json"}),
        referring("http://[", {}),
        referring("http://x.test/r?b", {}, **{"$id": "http://x.test/r?a"}),
    ],
)
def test_another_document_is_refused(schema: JSONObject) -> None:
    path, message = refused(schema)
    assert path == "/properties/a/$ref"
    assert "other documents" in message


@pytest.mark.parametrize("reference", ["#/definitions/x", "#x", "n#/x", "#/definitions/n/enum/7"])
def test_what_is_not_there_is_refused(reference: str) -> None:
    schema = referring(reference, {"n": {"$id": "n", "enum": [1]}})
    path, message = refused(schema)
    assert path == "/properties/a/$ref"
    assert "does not point to anything" in message


@pytest.mark.parametrize(
    ("reference", "definitions"),
    [
        ("n", {"n": {"$id": "n", "const": 1}, "m": {"$id": "n", "const": True}}),
        ("#n", {"n": {"$anchor": "n", "type": "string"}, "m": {"$anchor": "n", **WHOLE}}),
    ],
)
def test_a_name_of_two_different_parts_is_refused(reference: str, definitions: JSONObject) -> None:
    path, message = refused(referring(reference, definitions))
    assert path == "/properties/a/$ref"
    assert "Different parts of the schema have the name" in message


def test_names_that_nothing_refers_to_do_no_harm() -> None:
    check_schema(
        referring("#/definitions/n", {"n": {"$anchor": "n", **WHOLE}, "m": {"$anchor": "n"}})
    )


def test_one_reference_means_different_things_in_different_documents() -> None:
    inner: JSONObject = {"$id": "inner", "properties": {"b": {"$ref": "#/definitions/n"}}}
    inner["definitions"] = {"n": {"type": "string", "writeOnly": True}}
    schema = referring("#/definitions/n", {"n": WHOLE, "inner": inner})
    schema["properties"] |= {"i": {"$ref": "inner"}}  # type: ignore[operator]
    check_schema(schema)
    assert validate(schema, {"a": 1, "i": {"b": "x"}}) == ()
    assert [error.path for error in validate(schema, {"a": "x", "i": {"b": 1}})] == ["/a", "/i/b"]
    assert list(secrets_of(schema).paths_in({"a": 1, "i": {"b": "x"}})) == [("i", "b")]
    references = References(schema)
    assert references.resolve("#/definitions/n") is None
    assert references.resolve("inner") is inner


def test_many_documents_are_looked_at_in_no_time() -> None:
    """A reference that stands in thousands of them, and is asked for without its place."""
    many: JSONObject = {f"d{n}": {"$id": f"d{n}/", "not": {"$ref": "x"}} for n in range(2_000)}
    references = References({"$defs": many})
    assert [references.resolve("x") for _ in range(2_000)] == [None] * 2_000


def test_a_document_over_which_the_engine_stumbles_is_refused() -> None:
    """It panics, which Python takes for no ordinary exception."""
    inner: JSONObject = {
        "id": "a.json",
        "definitions": {"w": {"id": "dir/"}},
        "properties": {"x": {"$ref": "a.json#o"}},
    }
    schema: JSONObject = {
        "$schema": DRAFT_04,
        "id": "a.json#",
        "definitions": {"w": {"id": "#o", "definitions": {"v": {"id": "b.json#"}}}},
        "properties": {"v": {"id": "b.json", "properties": {"u": inner}}},
    }
    with pytest.raises(InvalidSchema):
        limits._check_compiles(schema)
