"""Executions that ask a person before they go on: what they ask, and what was answered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from opensink_web.json_value import JSONObject, JSONValue


@dataclass(frozen=True, slots=True)
class Question:
    """What an execution asks for; `prompt` is Markdown."""

    execution_id: UUID
    prompt: str
    schema: JSONValue


@dataclass(frozen=True, slots=True)
class PersonsAnswer:
    """What a person answered to the question that an execution stopped at."""

    input_request_id: UUID
    response: JSONObject


def check_question(prompt: str, schema: JSONValue) -> str | None:
    """Say in a sentence why this cannot be asked, or None."""
    return None


def pause_for_input(questions: Sequence[Question]) -> None:
    """Let executions that are locked wait for a person."""


def answers_of(execution_ids: Collection[UUID]) -> dict[UUID, PersonsAnswer]:
    """Return the newest answer to each of these executions that has one."""
    return {}


def cancel_requests_of(execution_ids: Collection[UUID]) -> None:
    """Take back what executions that are ended now have asked."""
