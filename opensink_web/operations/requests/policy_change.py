"""Rules: making, changing, ordering and deleting them. Each change is a revision that is kept.

What was asked before goes on by the revision that held then (policy.py). Whoever changes a rule
locks it; whoever orders them locks all of the workspace, by their ids.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONObject, dump
from opensink_web.lookalike import skeleton
from opensink_web.models import (
    Agent,
    AuditAction,
    Function,
    Membership,
    Policy,
    PolicyRevision,
    SubjectKind,
    Team,
    User,
    Workspace,
    db,
)
from opensink_web.operations.audit.record import changes_between, record, texts_of
from opensink_web.operations.name import check_letters, checked_name, in_one_line, one_like
from opensink_web.operations.requests.assignment import ASSIGNEES_MAX
from opensink_web.operations.requests.deciders import people_of, who_may_decide
from opensink_web.operations.requests.policy_step import (
    STEP_NAME_LENGTH_MAX,
    STEPS_MAX,
    PolicyStep,
    steps_as_json,
)
from opensink_web.schema.limits import check_schema

NAME_LENGTH_MAX = 64
KEY_LENGTH_MAX = 255
RULES_MAX = 100
CONDITION_BYTES_MAX = 64 * 1024
RESPONSES_MAX = 20


@dataclass(frozen=True, slots=True)
class PolicyFields:
    """What a rule says. Without an agent, function or key it is asked of what all ask.

    `condition` is the JSON Schema that the proposal has to fit, `steps` who decides then.
    """

    name: str
    steps: tuple[PolicyStep, ...]
    condition: JSONObject
    agent_id: UUID | None = None
    function_id: UUID | None = None
    key: str | None = None
    is_active: bool = True


def check_policy(fields: PolicyFields) -> PolicyFields:
    """Return a rule as it can be stored. Takes its time: call it outside a transaction that writes.

    Whether those that it names are there is looked up when it is stored. Raises: InvalidInput;
    Conflict.
    """
    name = in_one_line(fields.name, NAME_LENGTH_MAX)
    fields = check_scope(fields)
    if not 1 <= len(fields.steps) <= STEPS_MAX:
        raise _wrong("/steps", f"A rule has 1 to {STEPS_MAX} steps.")
    for number, step in enumerate(fields.steps):
        _check_step(step, f"/steps/{number}")
    return replace(fields, name=name)


def check_scope(fields: PolicyFields) -> PolicyFields:
    """Return a rule of which can be told for what it would hold, however far the rest of it is.

    Raises: InvalidInput; Conflict.
    """
    if len(dump(fields.condition).encode()) > CONDITION_BYTES_MAX:
        raise _wrong("/condition", f"It is larger than {CONDITION_BYTES_MAX // 1024} KiB.")
    try:
        check_schema(fields.condition)
    except InvalidInput as error:
        raise error.below("/condition") from None
    if fields.agent_id is not None and fields.function_id is not None:
        raise Conflict("Choose an agent or a function: nothing is asked by both.")
    key = (fields.key or "").strip() or None
    if key is not None and len(key) > KEY_LENGTH_MAX:
        raise _wrong("/key", f"A key has at most {KEY_LENGTH_MAX} characters.")
    return replace(fields, key=key)


def create_policy(workspace: Workspace, fields: PolicyFields, *, by: User) -> Policy:
    """Make a rule, as the last; `fields` are checked. Raises: NotFound; InvalidInput; Conflict for
    a name like another's.
    """
    rules = _lock_all(workspace)
    if len(rules) >= RULES_MAX:
        raise Conflict(f"A workspace has at most {RULES_MAX} rules.")
    policy = Policy(
        workspace_id=workspace.id,
        position=max((each.position for each in rules), default=0) + 1,
    )
    revision = _store(policy, workspace, fields, 1, by)
    db.session.add(policy)
    db.session.flush()
    db.session.add(revision)
    db.session.flush()
    _note(AuditAction.RULE_CREATED, policy, texts_of(_said_of(policy, revision)), by)
    return policy


def update_policy(
    workspace: Workspace,
    policy_id: UUID,
    fields: PolicyFields,
    *,
    by: User,
    seen: int | None = None,
) -> Policy:
    """Change a rule; `fields` are checked, and `seen` the revision that they were made of.

    Raises: NotFound; InvalidInput; Conflict, also where somebody has changed it meanwhile.
    """
    policy = _find_locked(workspace, policy_id)
    before = db.session.get_one(PolicyRevision, policy.revision_id)
    if seen is not None and seen != before.number:
        raise Conflict(
            "Somebody else has changed this rule meanwhile. Open it again, and change it as it is"
            " now."
        )
    said = _said_of(policy, before)
    revision = _store(policy, workspace, fields, before.number + 1, by)
    db.session.add(revision)
    db.session.flush()
    changes: JSONObject = changes_between(texts_of(said), texts_of(_said_of(policy, revision)))
    _note(
        AuditAction.RULE_CHANGED,
        policy,
        {"rule": policy.name, "revision": revision.number, "changes": changes},
        by,
    )
    return policy


def move_policy(workspace: Workspace, policy_id: UUID, places: int, *, by: User) -> Policy:
    """Ask a rule so many places later, or earlier. Raises: NotFound."""
    rules = _lock_all(workspace)
    policy = next((each for each in rules if each.id == policy_id), None)
    if policy is None:
        raise NotFound("There is no such rule.")
    place = rules.index(policy)
    rules.remove(policy)
    rules.insert(min(max(place + places, 0), len(rules)), policy)
    for number, each in enumerate(rules, start=1):
        each.position = number
    db.session.flush()
    order: JSONObject = {"rule": policy.name, "place": [place + 1, policy.position]}
    _note(AuditAction.RULE_MOVED, policy, {"rule": policy.name, "changes": order}, by)
    return policy


def delete_policy(workspace: Workspace, policy_id: UUID, *, by: User) -> str:
    """Delete a rule; return its name. What was asked before goes on by it. Raises: NotFound."""
    policy = _find_locked(workspace, policy_id)
    policy.deleted_at = clock.now()
    _note(AuditAction.RULE_DELETED, policy, {"rule": policy.name}, by)
    return policy.name


def _store(
    policy: Policy, workspace: Workspace, fields: PolicyFields, number: int, by: User
) -> PolicyRevision:
    """Set what a rule says. Raises: InvalidInput; Conflict."""
    agent, function = _agent_of(workspace, fields), _function_of(workspace, fields)
    steps = [
        _named(workspace, step, f"/steps/{number}") for number, step in enumerate(fields.steps)
    ]
    names = select(Policy.name).where(
        Policy.workspace_id == workspace.id, Policy.id != policy.id, Policy.deleted_at.is_(None)
    )
    if (other := one_like(fields.name, db.session.scalars(names))) is not None:
        raise Conflict(f"There is a rule with this name, or one like it: {other}.")
    check_letters(fields.name)
    look = skeleton(fields.name.casefold())
    policy.name, policy.look, policy.key = fields.name, look, fields.key
    policy.agent_id, policy.function_id = fields.agent_id, fields.function_id
    policy.is_active = fields.is_active
    policy.updated_at = clock.now()
    revision = PolicyRevision(
        policy_id=policy.id,
        number=number,
        condition=fields.condition,
        steps=steps_as_json(steps),
        scope={
            "name": fields.name,
            "agent": agent.name if agent else None,
            "function": f"{function.namespace}/{function.name}" if function else None,
            "key": fields.key,
            "is_active": fields.is_active,
        },
        made_by_id=by.id,
    )
    policy.revision_id = revision.id
    return revision


def _check_step(step: PolicyStep, path: str) -> None:
    """Raises: InvalidInput."""
    if len(step.name) > STEP_NAME_LENGTH_MAX:
        raise _wrong(f"{path}/name", f"A name has at most {STEP_NAME_LENGTH_MAX} characters.")
    if step.name:
        checked_name(step.name, STEP_NAME_LENGTH_MAX)
    if len(step.assignees) > ASSIGNEES_MAX:
        raise _wrong(f"{path}/assignees", f"A step has {ASSIGNEES_MAX} at most.")
    if not 1 <= step.required_responses <= RESPONSES_MAX:
        raise _wrong(f"{path}/required_responses", f"From 1 to {RESPONSES_MAX} people decide.")


def _named(workspace: Workspace, step: PolicyStep, path: str) -> PolicyStep:
    """Return a step that can be decided as things are, named for who does. Raises: InvalidInput."""
    user_ids = {each.user_id for each in step.assignees if each.user_id}
    team_ids = {each.team_id for each in step.assignees if each.team_id}
    members = db.session.execute(
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.workspace_id == workspace.id, User.id.in_(user_ids))
    )
    teams = db.session.execute(
        select(Team.name).where(Team.workspace_id == workspace.id, Team.id.in_(team_ids))
    )
    names = [*teams.scalars(), *members.scalars()]
    if len(names) < len(step.assignees):
        raise _wrong(f"{path}/assignees", "Somebody who is named here is not there any more.")
    people = people_of(workspace.id, step.assignees) if step.assignees else None
    count = len(who_may_decide(workspace.id, people))
    if count < step.required_responses:
        here = "of these" if step.assignees else "in the workspace"
        raise _wrong(
            f"{path}/required_responses",
            f"{step.required_responses} have to decide, and {here} only {count} may.",
        )
    name = step.name or ", ".join(names) or "Anybody"
    if len(name) > STEP_NAME_LENGTH_MAX:
        name = name[: STEP_NAME_LENGTH_MAX - 1] + "…"
    return replace(step, name=name)


def _agent_of(workspace: Workspace, fields: PolicyFields) -> Agent | None:
    if fields.agent_id is None:
        return None
    query = select(Agent).where(Agent.id == fields.agent_id, Agent.workspace_id == workspace.id)
    agent = db.session.scalars(query).one_or_none()
    if agent is None:
        raise NotFound("There is no such agent.")
    return agent


def _function_of(workspace: Workspace, fields: PolicyFields) -> Function | None:
    if fields.function_id is None:
        return None
    query = select(Function).where(
        Function.id == fields.function_id, Function.workspace_id == workspace.id
    )
    function = db.session.scalars(query).one_or_none()
    if function is None:
        raise NotFound("There is no such function.")
    return function


def _said_of(policy: Policy, revision: PolicyRevision) -> JSONObject:
    """Return what the audit says of a rule."""
    return {
        **revision.scope,
        "condition": revision.condition,
        "steps": revision.steps,
        "revision": str(revision.number),
        "rule": policy.name,
    }


def _note(action: AuditAction, policy: Policy, details: JSONObject, by: User) -> None:
    record(action, policy.workspace_id, SubjectKind.RULE, policy.id, details, by=by)


def _lock_all(workspace: Workspace) -> list[Policy]:
    """Lock the rules of a workspace by their ids; return them in their order."""
    query = (
        select(Policy)
        .where(Policy.workspace_id == workspace.id, Policy.deleted_at.is_(None))
        .order_by(Policy.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return sorted(db.session.scalars(query), key=lambda each: (each.position, each.id))


def _find_locked(workspace: Workspace, policy_id: UUID) -> Policy:
    query = (
        select(Policy)
        .where(
            Policy.id == policy_id,
            Policy.workspace_id == workspace.id,
            Policy.deleted_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    policy = db.session.scalars(query).one_or_none()
    if policy is None:
        raise NotFound("There is no such rule.")
    return policy


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=(FieldError(path, message),))
