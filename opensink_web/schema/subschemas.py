"""Where schemas stand inside a schema: the keywords that hold them, and a walk over all of them.

A `$ref` inside `const` or a property called "type" is data, not schema; only this module decides.
"""

from collections.abc import Iterator

from opensink_web.json_value import JSONObject, JSONValue

MAP_KEYWORDS = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
)
LIST_KEYWORDS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
SINGLE_KEYWORDS = frozenset(
    {
        *("items", "additionalItems", "unevaluatedItems", "contains", "contentSchema"),
        *("additionalProperties", "unevaluatedProperties", "propertyNames"),
        *("not", "if", "then", "else"),
    }
)
# These apply to the same value as the schema they stand in.
IN_PLACE_KEYWORDS = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"}
)
HOLDER_KEYWORDS = frozenset({"$defs", "definitions"})

Path = tuple[str | int, ...]


def pointer_to(path: Path | list[str | int]) -> str:
    """Write a path as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def children(schema: JSONValue) -> Iterator[tuple[Path, JSONValue]]:
    """Yield the schemas directly inside a schema, each with its path from there."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if isinstance(value, dict) and keyword in MAP_KEYWORDS:
            for name, child in value.items():
                if isinstance(child, dict | bool):
                    yield (keyword, name), child
        elif isinstance(value, list) and keyword in LIST_KEYWORDS:
            yield from (((keyword, index), child) for index, child in enumerate(value))
        elif keyword in SINGLE_KEYWORDS:
            yield (keyword,), value


def walk(root: JSONValue) -> Iterator[tuple[Path, JSONObject]]:
    """Yield every schema object inside a schema, the schema itself first."""
    rest: list[tuple[Path, JSONValue]] = [((), root)]
    while rest:
        path, schema = rest.pop()
        if isinstance(schema, dict):
            yield path, schema
            rest.extend(((*path, *step), child) for step, child in children(schema))


def objects_in(root: JSONValue) -> Iterator[tuple[Path, JSONObject]]:
    """Yield every object in a document: a reference may point at any of them."""
    rest: list[tuple[Path, JSONValue]] = [((), root)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, dict):
            yield path, value
            rest.extend(((*path, key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            rest.extend(((*path, index), inner) for index, inner in enumerate(value))
