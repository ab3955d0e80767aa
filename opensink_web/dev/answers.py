"""OPENSINK_ANSWER: what answers each request by itself as soon as it is asked, in authors' tests.

It decides by the operations by which people do, so that whoever asked goes on as in life.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from opensink_web.errors import InvalidAnswer, OpenSinkError
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.decisions.expiry import expire
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.queries import find_input_request
from opensink_web.schema.example import example_of
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.defaults import start_of
from opensink_web.schema.tree.node import ABSENT, FieldNode, Kind
from opensink_web.schema.validation import Checker

VARIABLE = "OPENSINK_ANSWER"


class Automatic(StrEnum):
    """How each request is answered."""

    APPROVE = "approve"
    DECLINE = "decline"
    DEFAULT = "default"
    TIMEOUT = "timeout"


REASON = f"Declined by {VARIABLE}={Automatic.DECLINE.value}."


class NothingFits(OpenSinkError):
    """No answer of the kind that was wanted fits the schema."""


def answer_by_itself(workspace_id: UUID, person_id: UUID, request_id: UUID, how: Automatic) -> None:
    """Decide on a request in the person's place.

    Raises: NothingFits; what the operations raise, such as Conflict for what must be answered.
    """
    match how:
        case Automatic.APPROVE | Automatic.DEFAULT:
            _answer(workspace_id, person_id, request_id, how)
        case Automatic.DECLINE:
            with writing():
                workspace, person = _who(workspace_id, person_id)
                decline(workspace, request_id, REASON, by=person)
        case Automatic.TIMEOUT:
            with writing():
                expire(request_id)
        case _:
            assert_never(how)


def _answer(workspace_id: UUID, person_id: UUID, request_id: UUID, how: Automatic) -> None:
    with reading():
        workspace, _ = _who(workspace_id, person_id)
        request = find_input_request(workspace, request_id)
        proposed = request.proposed_response
        if how is Automatic.APPROVE:
            possible = approvals(request.schema, proposed)
        else:
            possible = defaults(request.schema, proposed, request.default_response)
        for value in possible:
            try:
                checked = check_answer(workspace, request_id, value)
                break
            except InvalidAnswer as error:
                problem = error.errors[0] if error.errors else None
        else:
            why = f": {problem.path or '/'} {problem.message}" if problem else ""
            raise NothingFits(f"no answer that {VARIABLE}={how} knows fits the schema{why}")
    with writing():
        workspace, person = _who(workspace_id, person_id)
        resolve(workspace, checked, by=person)


def _who(workspace_id: UUID, person_id: UUID) -> tuple[Workspace, User]:
    return db.session.get_one(Workspace, workspace_id), db.session.get_one(User, person_id)


def defaults(
    schema: JSONValue, proposed: JSONObject | None = None, default: JSONObject | None = None
) -> Iterator[JSONObject]:
    """Yield what the asker itself says: its default answer, its proposal, the schema's defaults."""
    yield from (given for given in (default, proposed) if given is not None)
    yield _start(schema)


def approvals(schema: JSONValue, proposed: JSONObject | None = None) -> Iterator[JSONObject]:
    """Yield what says yes with the least besides.

    The proposal as it is, where one came with the request. Else the schema's own defaults, with yes
    to each boolean that is open; and to the only one there is, whatever its default. If more is
    demanded, an example of it.
    """
    if proposed is not None:
        yield proposed
        return
    root = field_tree(schema)
    is_only_one = _count_booleans(root) == 1
    affirmed = _affirmed(root, _start(schema), also_no=is_only_one)
    yield affirmed
    yield _merged(_affirmed(root, example_of(schema), also_no=is_only_one), affirmed)


def _start(schema: JSONValue) -> JSONObject:
    start = start_of(field_tree(schema), Checker(schema).errors_of).value
    return start if isinstance(start, dict) else {}


def _affirmed(group: FieldNode, value: JSONObject, *, also_no: bool) -> JSONObject:
    """Say yes in a group and in those below that are there or demanded."""
    affirmed = dict(value)
    children = group.children_for(value)
    demands = any(each.required for each in children)
    for child in children:
        there = affirmed.get(child.key, ABSENT)
        if child.kind is Kind.GROUP and not child.is_recursive:
            if isinstance(there, dict) or (there is ABSENT and child.required):
                inner = there if isinstance(there, dict) else {}
                affirmed[child.key] = _affirmed(child, inner, also_no=also_no)
        elif _is_boolean(child) and not child.read_only:
            is_open = there is ABSENT and (child.required or not demands)
            if is_open or (also_no and (there is ABSENT or there is False)):
                affirmed[child.key] = True
    return affirmed


def _is_boolean(node: FieldNode) -> bool:
    return node.kind is Kind.CONSENT or {True, False} == {
        each.value for each in node.options if isinstance(each.value, bool)
    }


def _count_booleans(group: FieldNode) -> int:
    return sum(
        _count_booleans(child)
        if child.kind is Kind.GROUP and not child.is_recursive
        else _is_boolean(child)
        for child in group.children
    )


def _merged(below: JSONObject, above: JSONObject) -> JSONObject:
    """Return both; where both say something, what `above` does."""
    merged = dict(below)
    for key, value in above.items():
        under = below.get(key)
        is_both = isinstance(under, dict) and isinstance(value, dict)
        merged[key] = _merged(under, value) if is_both else value  # type: ignore[arg-type]
    return merged
