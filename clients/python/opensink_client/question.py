"""A question that was asked in one line, and what became of it, in the caller's own type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Generic, Protocol, Self, TypeVar

from .resources import InputRequest

Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)


class Model(Protocol):
    """A class of pydantic's, or one like it: it says its schema, and makes itself of JSON."""

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of what it is made from."""

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """Return an instance with what JSON says."""


ModelValue = TypeVar("ModelValue", bound=Model)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value_co]):
    """What became of a question: `status` says it, and `response` is what a person answered."""

    request: InputRequest
    _parse: Callable[[dict[str, Any]], Value_co] = field(repr=False)

    @property
    def status(self) -> str:
        """The request's: resolved, declined, cancelled, expired or superseded."""
        return self.request.status

    @property
    def response(self) -> dict[str, Any] | None:
        """The response as JSON; None unless somebody, or a default, has answered."""
        return self.request.response

    @property
    def value(self) -> Value_co | None:
        """The response as what was asked for: an instance of the model, or the JSON of a schema.

        Raises: what the model raises where it is stricter than its schema.
        """
        response = self.request.response
        return None if response is None else self._parse(response)


@dataclass(frozen=True, slots=True)
class Question(Generic[Value]):
    """A request that waits for an answer, and who asked."""

    request: InputRequest
    _wait: Callable[[str, float], InputRequest] = field(repr=False)
    parse: Callable[[dict[str, Any]], Value] = field(repr=False)
    """What makes a response into what was asked for."""

    @property
    def id(self) -> str:
        """The id of the request."""
        return self.request.id

    def wait_for_answer(self, *, timeout_seconds: float = inf) -> Answer[Value]:
        """Return what became of it once it waits no more. Raises: TimeoutError."""
        return Answer(self._wait(self.id, timeout_seconds), self.parse)


def schema_of(schema: type[Model] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema to ask with."""
    return dict(schema) if isinstance(schema, Mapping) else schema.model_json_schema()


def parser_of(schema: type[Model] | Mapping[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """Return what makes a response into what the schema is of."""
    return _as_it_is if isinstance(schema, Mapping) else schema.model_validate


def _as_it_is(response: dict[str, Any]) -> dict[str, Any]:
    return response
