"""The dialects of JSON Schema, told by `$schema`, and what the older ones write differently.

https://json-schema.org/specification-links
"""

from enum import IntEnum

from opensink_web.json_value import JSONObject, JSONValue


class Dialect(IntEnum):
    """A published version of JSON Schema; a later one is greater."""

    DRAFT_04 = 4
    DRAFT_06 = 6
    DRAFT_07 = 7
    DRAFT_2019_09 = 2019
    DRAFT_2020_12 = 2020

    @property
    def id_keyword(self) -> str:
        """Return the keyword that gives a part its own base URI."""
        return "id" if self is Dialect.DRAFT_04 else "$id"

    @property
    def has_lone_references(self) -> bool:
        """Return True if whatever stands beside a `$ref` is ignored."""
        return self <= Dialect.DRAFT_07


NAMES = {
    Dialect.DRAFT_2020_12: "2020-12",
    Dialect.DRAFT_2019_09: "2019-09",
    Dialect.DRAFT_07: "draft-07",
    Dialect.DRAFT_06: "draft-06",
    Dialect.DRAFT_04: "draft-04",
}
_BY_URI = {
    "json-schema.org/draft/2020-12/schema": Dialect.DRAFT_2020_12,
    "json-schema.org/draft/2019-09/schema": Dialect.DRAFT_2019_09,
    "json-schema.org/draft-07/schema": Dialect.DRAFT_07,
    "json-schema.org/draft-06/schema": Dialect.DRAFT_06,
    "json-schema.org/draft-04/schema": Dialect.DRAFT_04,
}
_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))


def known_dialect(uri: JSONValue) -> Dialect | None:
    """Return the dialect that a `$schema` names, None for one not known here.

    Authors write http and https, with and without the empty fragment.
    """
    if not isinstance(uri, str):
        return None
    return _BY_URI.get(uri.removesuffix("#").removeprefix("http://").removeprefix("https://"))


def dialect_of(schema: JSONValue) -> Dialect:
    """Return the dialect of a document; 2020-12 where it names none, or one not known here."""
    uri = schema.get("$schema") if isinstance(schema, dict) else None
    return known_dialect(uri) or Dialect.DRAFT_2020_12


def modern(part: JSONObject, dialect: Dialect) -> JSONObject:
    """Return the keywords of one schema, not of those inside it, as 2020-12 writes them.

    For drawing: what is spelled otherwise stands under its new name, and what the dialect does not
    look at is left out. A part that needs neither is returned itself.
    """
    if dialect.has_lone_references and "$ref" in part:
        return {"$ref": part["$ref"]}
    if dialect is Dialect.DRAFT_2020_12 and "dependencies" not in part:
        return part
    words = {name: value for name, value in part.items() if SINCE.get(name, dialect) <= dialect}
    if dialect is Dialect.DRAFT_04:
        _with_numbers_as_bounds(words)
    if dialect < Dialect.DRAFT_2020_12:
        _with_prefix_items(words)
    _with_parted_dependencies(words)
    return words


SINCE = {
    **dict.fromkeys(("const", "contains", "propertyNames"), Dialect.DRAFT_06),
    **dict.fromkeys(("if", "then", "else"), Dialect.DRAFT_07),
    **dict.fromkeys(("dependentRequired", "dependentSchemas"), Dialect.DRAFT_2019_09),
    **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), Dialect.DRAFT_2019_09),
    **dict.fromkeys(("minContains", "maxContains"), Dialect.DRAFT_2019_09),
    "prefixItems": Dialect.DRAFT_2020_12,
}
"""Since which dialect the validator looks at a keyword; those not named here are in all of them."""


def _with_numbers_as_bounds(words: JSONObject) -> None:
    """draft-04: `exclusiveMinimum: true` says that the `minimum` itself does not fit."""
    for exclusive, inclusive in _BOUNDS:
        is_exclusive = words.pop(exclusive, False)
        if is_exclusive is True and inclusive in words:
            words[exclusive] = words.pop(inclusive)


def _with_prefix_items(words: JSONObject) -> None:
    """Until 2019-09, `items` may be a list, and `additionalItems` is about what follows it."""
    further = words.pop("additionalItems", True)
    if isinstance(words.get("items"), list):
        words["prefixItems"] = words.pop("items")
        if further is not True:
            words["items"] = further


def _with_parted_dependencies(words: JSONObject) -> None:
    """Until draft-07, `dependencies` names keys that are needed too, or a schema; still checked."""
    dependencies = words.pop("dependencies", None)
    if not isinstance(dependencies, dict):
        return
    names: JSONObject = {
        key: value for key, value in dependencies.items() if isinstance(value, list)
    }
    schemas: JSONObject = {key: value for key, value in dependencies.items() if key not in names}
    for keyword, parted in (("dependentRequired", names), ("dependentSchemas", schemas)):
        own = words.get(keyword, {})
        if isinstance(own, dict) and parted.keys() & own.keys():
            words["allOf"] = [*_list(words.get("allOf")), {keyword: parted}]
        elif parted:
            words[keyword] = parted | (own if isinstance(own, dict) else {})


def _list(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else []
