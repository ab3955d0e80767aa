"""Words of one dialect in a schema of another, which mean something else there or nothing."""

from collections.abc import Iterator

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject
from opensink_web.schema.dialects import NAMES, SINCE, Dialect
from opensink_web.schema.subschemas import pointer_to

FOREIGN_WORDS = frozenset({"id", "nullable"})
"""Words that are of no dialect here, and of which something is said all the same."""
FORMATS_SINCE = {
    **dict.fromkeys(("json-pointer", "uri-reference", "uri-template"), Dialect.DRAFT_06),
    **dict.fromkeys(("idn-hostname", "iri", "iri-reference"), Dialect.DRAFT_07),
    "relative-json-pointer": Dialect.DRAFT_07,
    **dict.fromkeys(("duration", "uuid"), Dialect.DRAFT_2019_09),
}
_BESIDE_REFERENCE = frozenset(
    {
        *("$ref", "$schema", "$id", "id", "$comment", "definitions", "$defs"),
        *("title", "description", "default", "examples"),
    }
)


def of_other_dialects(part: JSONObject, dialect: Dialect) -> Iterator[FieldError]:
    """Yield what is said of a schema's words that belong to another dialect than its own."""
    name = NAMES[dialect]
    for word, since in SINCE.items():
        if word in part and since > dialect:
            message = f"“{word}” came with {NAMES[since]}, and {name} does not look at it."
            yield FieldError(pointer_to((word,)), message)
    for word, (until, message) in _OLD_WORDS.items():
        if word in part and dialect > until:
            yield FieldError(pointer_to((word,)), message)
    if dialect is Dialect.DRAFT_04 and "$id" in part:
        yield FieldError("/$id", "draft-04 calls this “id”, so it is ignored.")
    if dialect <= Dialect.DRAFT_07 and "$defs" in part:
        message = f"{name} calls this “definitions”. References into it still work."
        yield FieldError("/$defs", message)
    if "nullable" in part:
        message = "“nullable” is of OpenAPI, and ignored. Write “null” beside the other type."
        yield FieldError("/nullable", message)
    if dialect.has_lone_references and "$ref" in part:
        for word in part.keys() - _BESIDE_REFERENCE:
            message = f"{name} looks at nothing beside “$ref”, so this is ignored."
            yield FieldError(pointer_to((word,)), message)


_OLD_WORDS = {
    "id": (Dialect.DRAFT_04, "“id” has been called “$id” since draft-06, so this is ignored."),
    "definitions": (
        Dialect.DRAFT_07,
        "“definitions” has been called “$defs” since 2019-09. References into it still work.",
    ),
    "dependencies": (
        Dialect.DRAFT_07,
        "“dependencies” has been two since 2019-09, “dependentRequired” and “dependentSchemas”.",
    ),
    "additionalItems": (
        Dialect.DRAFT_2019_09,
        "“additionalItems” has been called “items” since 2020-12, so this is ignored.",
    ),
}
