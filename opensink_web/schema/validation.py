"""An answer against its schema, and everything that is wrong with it, in sentences.

Linear-time patterns, asserted formats, no retrieval: a schema can neither hang nor call out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn
from urllib.parse import quote

import jsonschema_rs

from opensink_web.errors import FieldError
from opensink_web.json_value import MAX_DEPTH, JSONObject, JSONValue, dump, parse
from opensink_web.schema import deadline
from opensink_web.schema.dialects import Dialect, dialect_of
from opensink_web.schema.effort import (
    Expanded,
    expanded,
    is_light_to_explain,
)
from opensink_web.schema.messages import Explainer
from opensink_web.schema.patterns import LARGEST_PATTERN_BYTES, with_translated_patterns
from opensink_web.schema.secrets import Secrets, secrets_of
from opensink_web.schema.sentences import names_constants
from opensink_web.schema.titles import Titles

MAX_ERRORS = 200
_DOCUMENT = "urn:opensink:document"
_VALIDATORS: dict[Dialect, type[jsonschema_rs.Validator]] = {
    Dialect.DRAFT_04: jsonschema_rs.Draft4Validator,
    Dialect.DRAFT_06: jsonschema_rs.Draft6Validator,
    Dialect.DRAFT_07: jsonschema_rs.Draft7Validator,
    Dialect.DRAFT_2019_09: jsonschema_rs.Draft201909Validator,
    Dialect.DRAFT_2020_12: jsonschema_rs.Draft202012Validator,
}
_TOO_LONG = (
    f"This takes more than {deadline.CPU_SECONDS} seconds to be checked against the schema, or too "
    "much memory. Make it shorter."
)
_TOO_INVOLVED = "This does not match the schema; it is too complex to say where."


class Checker:
    """A schema that passed `check_schema`, made ready once to hold many values against.

    `schema_text` is equal for equal schemas; `seconds_apart` are those of a processor that checks
    took which were left to processes of their own.
    """

    def __init__(self, schema: JSONValue) -> None:
        self.schema_text = dump(schema)
        self.seconds_apart = 0.0
        self._schema = schema
        self._compiled = _compiled(self.schema_text)

    def errors_of(self, instance: JSONValue) -> tuple[FieldError, ...]:
        """Say everything that is wrong with an answer; an empty tuple when it is valid.

        No message repeats a value of the answer. Raises: Unavailable, for what may take long.
        """
        if is_too_deep(instance):
            return (FieldError("", f"This is nested deeper than {MAX_DEPTH} levels."),)
        if not self._compiled.effort.is_light(instance):
            return self._errors_apart(instance)
        if self.is_valid(instance):
            return ()
        if not is_light_to_explain(self._schema, instance):
            return self._errors_apart(instance)
        return self.all_errors_of(instance)

    def may_fit(self, instance: JSONValue) -> bool:
        """Return True unless a value is known not to fit: what is too much to be checked may.

        Raises: Unavailable, for what may take long.
        """
        if self._compiled.effort.is_light(instance):
            return self.is_valid(instance)
        return deadline.check(self.schema_text, instance).is_valid is not False

    def is_valid(self, instance: JSONValue) -> bool:
        """Hold a value against the schema here and now, however long it takes."""
        return self._compiled.validator.is_valid(instance)

    def all_errors_of(self, instance: JSONValue) -> tuple[FieldError, ...]:
        """Say what is wrong with a value that is not valid, however long it takes."""
        secrets = secrets_of(self._schema)
        messages = dict.fromkeys(
            _without_constant(each, secrets, instance) for each in _found(self._compiled, instance)
        )
        return tuple(messages) or (FieldError("", _TOO_INVOLVED),)

    def _errors_apart(self, instance: JSONValue) -> tuple[FieldError, ...]:
        verdict = deadline.check(self.schema_text, instance)
        self.seconds_apart += verdict.seconds
        if verdict.is_valid is None:
            return (FieldError("", _TOO_LONG),)
        if verdict.is_valid:
            return ()
        return verdict.errors or (FieldError("", _TOO_INVOLVED),)


def validate(schema: JSONValue, instance: JSONValue) -> tuple[FieldError, ...]:
    """Say everything that is wrong with one answer, as a Checker does."""
    return Checker(schema).errors_of(instance)


def is_too_deep(value: JSONValue) -> bool:
    """Return True if a value is nested deeper than JSON from outside may be.

    The engine itself gives no answer for thousands of levels, it ends the process.
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [part for part in level if isinstance(part, dict | list)]
        if not level:
            return False
        level = [part for outer in level for part in _inside(outer)]
    return True


def _inside(value: JSONValue) -> list[JSONValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _found(compiled: "_Compiled", instance: JSONValue) -> Iterator[FieldError]:
    for count, error in enumerate(compiled.validator.iter_errors(instance)):
        if count == MAX_ERRORS:
            return
        yield from compiled.explainer.errors_of(error, instance)


def _without_constant(error: FieldError, secrets: Secrets, instance: JSONValue) -> FieldError:
    """Leave out what a secret has to be exactly, and what has one in it."""
    if not names_constants(error.message):
        return error
    if not secrets.at_pointer(error.path, instance).may_hold_any():
        return error
    return FieldError(error.path, "This is not the secret that is asked for.")


def compile_schema(schema: JSONObject | bool) -> jsonschema_rs.Validator:
    """Compile a schema of a known dialect, in which patterns mean what ECMA-262 says.

    Raises: jsonschema_rs.ValidationError pointing into the schema.
    """
    return _engine(with_translated_patterns(schema)[0])


def _engine(schema: JSONValue) -> jsonschema_rs.Validator:
    if not isinstance(schema, dict | bool):
        raise TypeError("A schema that passed check_schema() is an object or a boolean.")
    return _VALIDATORS[dialect_of(schema)](
        schema,
        validate_formats=True,
        retriever=_deny,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=LARGEST_PATTERN_BYTES),
    )


def registry_of(document: JSONValue) -> jsonschema_rs.Registry:
    """Make a document known, so that its parts can be compiled one by one."""
    engine_schema, _ = with_translated_patterns(document)
    return jsonschema_rs.Registry([(_DOCUMENT, engine_schema)], retriever=_deny)


def compile_part(
    registry: jsonschema_rs.Registry, dialect: Dialect, pointer: str
) -> jsonschema_rs.Validator:
    """Compile what stands at a place of the document of a registry, in its own dialect.

    Raises: jsonschema_rs.ValidationError, also for a place below a pattern that had to be
    translated.
    """
    return _VALIDATORS[dialect](
        {"$ref": f"{_DOCUMENT}#{quote(pointer)}"},
        registry=registry,
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=LARGEST_PATTERN_BYTES),
    )


@dataclass(frozen=True, slots=True)
class _Compiled:
    validator: jsonschema_rs.Validator
    effort: Expanded
    explainer: Explainer


@lru_cache(maxsize=128)  # of up to MAX_PATTERN_BYTES each
def _compiled(text: str) -> _Compiled:
    schema = parse(text)
    engine_schema, patterns = with_translated_patterns(schema)
    explainer = Explainer(engine_schema, patterns, Titles(schema))
    return _Compiled(_engine(engine_schema), expanded(schema), explainer)


def _deny(uri: str) -> NoReturn:
    raise ValueError(f"References are not fetched: {uri}")
