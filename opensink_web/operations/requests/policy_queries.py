"""Rules, read; and what a rule would have concerned before it is stored."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from opensink_web.errors import NotFound, UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Agent,
    Function,
    InputRequest,
    Policy,
    PolicyRevision,
    Team,
    User,
    Workspace,
    db,
)
from opensink_web.operations import page
from opensink_web.operations.requests.policy import payload_of
from opensink_web.operations.requests.policy_change import PolicyFields
from opensink_web.operations.requests.policy_step import PolicyStep
from opensink_web.schema.validation import Checker

TRIED_ON = 100
"""So many of the last requests a rule is tried on."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A request that was asked before, and whether the rule would have concerned it.

    None where what it proposed cannot be read, or takes too long to be checked.
    """

    request: InputRequest
    is_concerned: bool | None


def all_policies(workspace: Workspace) -> list[Policy]:
    """Return the rules in their order, each with what it says."""
    query = (
        select(Policy)
        .where(Policy.workspace_id == workspace.id, Policy.deleted_at.is_(None))
        .options(joinedload(Policy.revision), joinedload(Policy.agent), joinedload(Policy.function))
        .order_by(Policy.position, Policy.id)
    )
    return list(db.session.scalars(query))


def page_of_policies(workspace: Workspace, page_request: page.PageRequest) -> page.Page[Policy]:
    """Return rules, the newest first."""
    query = (
        select(Policy)
        .where(Policy.workspace_id == workspace.id, Policy.deleted_at.is_(None))
        .options(joinedload(Policy.revision))
    )
    return page.fetch(query, Policy.id, page_request)


def policy_in(workspace: Workspace, policy_id: UUID) -> Policy:
    """Raises: NotFound."""
    query = (
        select(Policy)
        .where(
            Policy.id == policy_id,
            Policy.workspace_id == workspace.id,
            Policy.deleted_at.is_(None),
        )
        .options(joinedload(Policy.revision))
    )
    policy = db.session.scalars(query).one_or_none()
    if policy is None:
        raise NotFound("There is no such rule.")
    return policy


def revisions_of(policy: Policy) -> list[PolicyRevision]:
    """Return what a rule said, the newest first."""
    query = (
        select(PolicyRevision)
        .where(PolicyRevision.policy_id == policy.id)
        .options(joinedload(PolicyRevision.made_by))
        .order_by(PolicyRevision.number.desc())
    )
    return list(db.session.scalars(query))


def revision_of(request: InputRequest) -> PolicyRevision | None:
    """Return the rule by which a request is decided, as it was; None for none."""
    if request.policy_revision_id is None:
        return None
    return db.session.get(PolicyRevision, request.policy_revision_id)


def count_policies(workspace: Workspace) -> int:
    """Count the rules that hold."""
    return sum(each.is_active for each in all_policies(workspace))


def try_on_last(workspace: Workspace, fields: PolicyFields) -> list[Tried]:
    """Hold a rule's condition against the last requests of those that it is asked of.

    Stores nothing. Takes its time: call it outside a transaction that writes. Raises: Unavailable.
    """
    query = select(InputRequest).where(InputRequest.workspace_id == workspace.id)
    if fields.agent_id is not None:
        query = query.where(InputRequest.agent_id == fields.agent_id)
    if fields.function_id is not None:
        function = db.session.get(Function, fields.function_id)
        name = f"{function.namespace}/{function.name}" if function else ""
        query = query.where(InputRequest.key == name, InputRequest.execution_id.is_not(None))
    if fields.key is not None:
        query = query.where(InputRequest.key == fields.key)
    query = query.order_by(InputRequest.id.desc()).limit(TRIED_ON)
    checker = Checker(fields.condition)
    return [Tried(each, _concerns(checker, each)) for each in db.session.scalars(query)]


def errors_of_sample(condition: JSONObject, sample: JSONObject) -> tuple[str, ...]:
    """Say why a payload does not meet a condition, each with its place; nothing if it does.

    Raises: Unavailable.
    """
    errors = Checker(condition).errors_of(sample)
    return tuple(f"{each.path}: {each.message}" if each.path else each.message for each in errors)


def names_in(steps: Sequence[PolicyStep]) -> dict[UUID, str]:
    """Return what those are called that steps name; who has left is left out."""
    users = {each.user_id for step in steps for each in step.assignees if each.user_id}
    teams = {each.team_id for step in steps for each in step.assignees if each.team_id}
    return {**_names(User, users), **_names(Team, teams)}


def agents_and_functions(workspace: Workspace) -> tuple[list[Agent], list[Function]]:
    """Return of what rules can be asked, by name."""
    agents = select(Agent).where(Agent.workspace_id == workspace.id).order_by(Agent.name)
    functions = select(Function).where(Function.workspace_id == workspace.id)
    functions = functions.order_by(Function.namespace, Function.name)
    return list(db.session.scalars(agents)), list(db.session.scalars(functions))


def _names(table: type[User] | type[Team], ids: Collection[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    name = User.email if table is User else Team.name
    rows = db.session.execute(select(table.id, name).where(table.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def _concerns(checker: Checker, request: InputRequest) -> bool | None:
    with suppress(UnreadableSecret):
        payload = payload_of(request.schema, request.proposed_response)
        return checker.may_fit(payload)
    return None
