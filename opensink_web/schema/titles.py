"""What people call a field: the title that a schema gives it, or one made of its key."""

import re
from collections.abc import Iterator

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.references import References
from opensink_web.schema.subschemas import IN_PLACE_KEYWORDS, Path, children

_SCHEMAS_MAX = 500
"""How many are looked at for one place."""


def title_of_key(key: str) -> str:
    """Make a title of a key: limitPrice and limit_price become "Limit price"."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", key):
        return key.strip() or "(no name)"
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key)
    if words != key:
        words = words.lower()
    words = re.sub(r"[_-]+", " ", words).strip()
    return words[:1].upper() + words[1:]


class Titles:
    """The titles of the fields of one schema, looked up when something has to be said of them."""

    def __init__(self, schema: JSONValue) -> None:
        self._schema = schema
        self._references: References | None = None

    def of(self, path: Path, key: str) -> str:
        """Return the title of the field `key` of the object at a path."""
        schemas: list[JSONValue] = [self._schema]
        for step in (*path, key):
            schemas = [child for schema in self._in_place(schemas) for child in _at(schema, step)]
        titles = (schema.get("title") for schema in self._in_place(schemas))
        return next((title for title in titles if isinstance(title, str)), title_of_key(key))

    def _in_place(self, schemas: list[JSONValue]) -> list[JSONObject]:
        """Return the schemas, and all in them or referred to that are about the same value."""
        if self._references is None:
            self._references = References(self._schema)
        schemas_here: dict[int, JSONObject] = {}
        rest = list(reversed(schemas))
        while rest and len(schemas_here) < _SCHEMAS_MAX:
            schema = rest.pop()
            if isinstance(schema, dict) and id(schema) not in schemas_here:
                schemas_here[id(schema)] = schema
                rest.extend(self._references.targets(schema))
                rest.extend(
                    child for path, child in children(schema) if path[0] in IN_PLACE_KEYWORDS
                )
        return list(schemas_here.values())


def _at(schema: JSONObject, step: str | int) -> Iterator[JSONValue]:
    properties = schema.get("properties")
    if isinstance(step, str) and isinstance(properties, dict) and step in properties:
        yield properties[step]
    elif isinstance(step, str):
        yield schema.get("additionalProperties")
    else:
        items, prefix = schema.get("items"), schema.get("prefixItems")
        first = items if isinstance(items, list) else prefix
        yield from first[step : step + 1] if isinstance(first, list) else ()
        yield items
