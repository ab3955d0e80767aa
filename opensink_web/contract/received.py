"""Reading a request: ids and names from its path, parameters from its query, values from its body.

Everything that is wrong is said at once, each with its place, in sentences that repeat no value.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from flask import Request
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from opensink_web import json_value
from opensink_web.contract.shapes import Query, Received
from opensink_web.errors import FieldError, InvalidInput, NotFound, NotJSON
from opensink_web.json_value import JSONValue

MAX_ERRORS = 200
_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "Unknown field.",
    "string_type": "This must be a string.",
    "string_too_short": "This must not be empty.",
    "string_too_long": "This must have at most {max_length} characters.",
    "enum": "This must be one of {expected}.",
    "uuid_type": "This must be an id.",
    "uuid_parsing": "This must be an id.",
    "int_type": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "float_type": "This must be a number.",
    "bool_type": "This must be true or false.",
    "list_type": "This must be a list.",
    "too_long": "This must have at most {max_length} items.",
    "dict_type": "This must be an object.",
    "model_type": "This must be an object.",
    "datetime_type": "This must be a date and time such as 2030-01-31T12:00:00Z.",
    "datetime_from_date_parsing": "This must be a date and time such as 2030-01-31T12:00:00Z.",
    "datetime_parsing": "This must be a date and time such as 2030-01-31T12:00:00Z.",
    "timezone_aware": "This needs a time zone, as in 2030-01-31T12:00:00Z.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than_equal": "This must be at most {le}.",
    "less_than": "This must be less than {lt}.",
    "union_tag_invalid": "This must be one of {expected_tags}.",
    "union_tag_not_found": "This field is required.",
    "whole_number": "This must be a whole number.",
    "field_value": "This must be a text, a number, true, false, null, or a list of those.",
    "literal_error": "This must be {expected}.",
    "web_address": "This must be a full address, such as https://example.com/page, in which nothing"
    " is invisible.",
}
_UNION_TAG = {"union_tag_invalid", "union_tag_not_found"}
"""About the field that tells which of several shapes an object has."""
_NOT_VALID = "This is not valid."

BodyT = TypeVar("BodyT", bound=Received)
QueryT = TypeVar("QueryT", bound=Query)
ModelT = TypeVar("ModelT", bound=BaseModel)


def read_path(types: Mapping[str, TypeAdapter[Any]], values: Mapping[str, str]) -> dict[str, Any]:
    """Read what stands in the path. Raises: NotFound for what can be nobody's id or name."""
    try:
        return {name: types[name].validate_strings(text) for name, text in values.items()}
    except ValidationError:
        raise NotFound("Nothing has this id or name.") from None


def read_query(request: Request, shape: type[QueryT]) -> QueryT:
    """Read the parameters. Raises: InvalidInput naming each that is wrong."""
    values = {name: given for name, (given, *_) in request.args.lists()}
    errors = [
        FieldError(pointer(name), "This parameter can be given only once.")
        for name, given in request.args.lists()
        if len(given) > 1
    ]
    errors += [
        FieldError(pointer(name), "This contains a NUL character.")
        for name, given in values.items()
        if "\0" in given
    ]
    if errors:
        raise _invalid(tuple(errors), "parameter")
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        errors = [*_field_errors(error, {**values}, "Unknown parameter.")]
        raise _invalid(tuple(errors), "parameter") from None


def read_body(
    request: Request, shape: type[BodyT], *, is_required: bool
) -> tuple[BodyT, JSONValue]:
    """Read the body; return it in its shape, and as it was sent.

    Raises: NotJSON; InvalidInput; werkzeug's RequestEntityTooLarge.
    """
    data = request.get_data(cache=False)
    if not data and not is_required:
        return shape(), None
    if not request.is_json:
        raise NotJSON("Send JSON with the header Content-Type: application/json.")
    value = json_value.parse(data)
    return read_value(value, shape), value


def read_value(value: JSONValue, shape: type[BodyT]) -> BodyT:
    """Read a value that is a body, or part of one. Raises: InvalidInput."""
    return _shaped(_without(value, shape.server_set), shape)


def canonical(value: JSONValue) -> str:
    """Write JSON so that the order of keys and the white space make no difference: costs time."""
    return json.dumps(value, sort_keys=True)


def pointer(*steps: str | int) -> str:
    """Write a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _without(value: JSONValue, names: frozenset[str]) -> JSONValue:
    if not isinstance(value, dict):
        return value
    return {name: inner for name, inner in value.items() if name not in names}


def _shaped(value: JSONValue, shape: type[ModelT]) -> ModelT:
    try:
        # from text, because only there strictness lets an id or a moment be a JSON text
        return shape.model_validate_json(json_value.dump(value))
    except ValidationError as error:
        raise _invalid(tuple(_field_errors(error, value, "Unknown field.")), "field") from None


def _field_errors(error: ValidationError, value: JSONValue, unknown: str) -> Iterator[FieldError]:
    failures = error.errors(include_url=False, include_input=False)
    for each in failures[:MAX_ERRORS]:
        message = unknown if each["type"] == "extra_forbidden" else _sentence(each)
        yield FieldError(pointer(*_steps(each, value)), message)


def _steps(error: ErrorDetails, value: JSONValue) -> Iterator[str | int]:
    """Yield where in the value the error is; among pydantic's steps are tags of unions too."""
    *around, last = error["loc"] or ("",)
    for step in around:
        if isinstance(value, dict) and step in value:
            value = value[str(step)]
            yield step
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
            yield step
    if error["loc"]:
        yield last
    if error["type"] in _UNION_TAG:
        yield error["ctx"]["discriminator"].strip("'")


def _sentence(error: ErrorDetails) -> str:
    values: dict[str, Any] = error.get("ctx", {})
    shown = {
        name: f"{each:g}" if isinstance(each, float) else each for name, each in values.items()
    }
    return _SENTENCES.get(error["type"], _NOT_VALID).format(**shown)


def _invalid(errors: tuple[FieldError, ...], noun: str) -> InvalidInput:
    if len(errors) == 1 and errors[0].path:
        sentence = f"The {noun} {errors[0].path} is not valid: {errors[0].message}"
    elif len(errors) == 1:
        sentence = f"The body is not valid: {errors[0].message}"
    else:
        sentence = f"There are {len(errors)} {noun}s that are not valid."
    return InvalidInput(sentence, errors=errors)
