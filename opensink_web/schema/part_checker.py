"""A value against one part of a schema, with all that the part's references lead to."""

from contextlib import suppress
from functools import lru_cache

import jsonschema_rs

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.dialects import Dialect, dialect_of
from opensink_web.schema.references import References
from opensink_web.schema.subschemas import (
    LIST_KEYWORDS,
    MAP_KEYWORDS,
    SINGLE_KEYWORDS,
    Path,
    objects_in,
    pointer_to,
)
from opensink_web.schema.validation import compile_part, is_too_deep, registry_of, validate

MAX_PARTS = 500
_NAMES = frozenset(
    {"$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$defs", "definitions"}
)


class PartChecker:
    """A schema whose parts are held against values one by one."""

    def __init__(self, root: JSONValue) -> None:
        self._root = root
        self._references: References | None = None
        self._places: dict[int, Path] | None = None
        self._text = ""

    def fits(self, part: JSONValue, value: JSONValue) -> bool:
        """Return True if a value fits one schema of the document.

        A part that is the very object in the document is found there, with all that it refers to.
        """
        if isinstance(part, bool) or is_too_deep(value):
            return part is True
        if self._places is None:
            self._places = {id(each): path for path, each in objects_in(self._root)}
            self._text = dump(self._root)
        path = self._places.get(id(part))
        if path is not None:
            with suppress(jsonschema_rs.ValidationError):
                return bool(_compiled_part(self._text, pointer_to(path)).is_valid(value))
        return not self.errors_of(part, value)

    def errors_of(self, part: JSONValue, value: JSONValue) -> tuple[FieldError, ...]:
        """Say what is wrong with a value of a part; nothing where only the whole document knows.

        The part may be made of several schemas of the document.
        """
        if self._references is None:
            self._references = References(self._root)
        copy = _Copy(self._references)
        try:
            whole = copy.of(part)
        except _NotSeparableError:
            return ()
        if not isinstance(self._root, dict) or not isinstance(whole, dict):
            return validate(whole, value)
        dialect = {word: self._root[word] for word in ("$schema",) if word in self._root}
        return validate({**dialect, "allOf": [whole], "definitions": copy.definitions}, value)


@lru_cache(maxsize=1024)
def _compiled_part(document_text: str, pointer: str) -> jsonschema_rs.Validator:
    """Compile what stands at a place of a document, of which equal texts are equal."""
    return compile_part(*_registry(document_text), pointer)


@lru_cache(maxsize=32)
def _registry(document_text: str) -> tuple[jsonschema_rs.Registry, Dialect]:
    document = parse(document_text)
    return registry_of(document), dialect_of(document)


class _NotSeparableError(Exception):
    """A reference leads to where only the whole document knows, or too much belongs to a part."""


class _Copy:
    """A copy of a part whose references lead to definitions of its own."""

    def __init__(self, references: References) -> None:
        self.definitions: JSONObject = {}
        self._references = references
        self._names: dict[int, str] = {}
        self._parts_left = MAX_PARTS

    def of(self, schema: JSONValue) -> JSONValue:
        self._parts_left -= 1
        if self._parts_left < 0:
            raise _NotSeparableError
        if not isinstance(schema, dict):
            return schema
        copied: JSONObject = {}
        for word, value in schema.items():
            if word == "$ref":
                copied[word] = f"#/definitions/{self._definition(value, schema)}"
            elif word in {"$dynamicRef", "$recursiveRef"}:
                raise _NotSeparableError
            elif word not in _NAMES:
                copied[word] = self._keyword(word, value)
        return copied

    def _keyword(self, word: str, value: JSONValue) -> JSONValue:
        if word in MAP_KEYWORDS and isinstance(value, dict):
            return {key: self.of(inner) for key, inner in value.items()}
        if isinstance(value, list) and (word in LIST_KEYWORDS or word == "items"):
            return [self.of(inner) for inner in value]
        return self.of(value) if word in SINGLE_KEYWORDS else value

    def _definition(self, reference: JSONValue, at: JSONObject) -> str:
        target = self._references.resolve(reference, at)
        if target is None:
            raise _NotSeparableError
        if id(target) not in self._names:
            name = self._names[id(target)] = f"d{len(self._names)}"
            self.definitions[name] = self.of(target)
        return self._names[id(target)]
