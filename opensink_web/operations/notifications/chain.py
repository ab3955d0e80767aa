"""Escalation chains: making, changing and deleting them. What a chain says is kept by revision."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Agent,
    AuditAction,
    AuditHead,
    EscalationChain,
    EscalationCursor,
    EscalationRevision,
    Function,
    Membership,
    SubjectKind,
    Team,
    User,
    Workspace,
    db,
)
from opensink_web.operations.audit.record import changes_between, record, texts_of
from opensink_web.operations.name import check_letters, in_one_line
from opensink_web.operations.notifications.plan import Plan, Who
from opensink_web.operations.notifications.queries import find_chain, newest_plan

NAME_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class ChainFields:
    """A chain as it is to be: of an agent or a function, or else of all that have none.

    `plan` was checked.
    """

    name: str
    plan: Plan
    agent_id: UUID | None = None
    function_id: UUID | None = None
    is_active: bool = True


def create_chain(workspace: Workspace, fields: ChainFields, *, by: User) -> EscalationChain:
    """Make a chain, for what is asked from now on.

    Raises: InvalidInput; NotFound; Conflict where there is one for the same.
    """
    _follow_from_now_on(workspace)
    chain = EscalationChain(workspace_id=workspace.id)
    _store(workspace, chain, fields)
    db.session.add(chain)
    db.session.flush()
    _add_revision(chain, fields.plan, by)
    _note(AuditAction.ESCALATION_CREATED, chain, _said_of(chain, fields.plan))
    return chain


def update_chain(
    workspace: Workspace, chain_id: UUID, fields: ChainFields, *, by: User
) -> EscalationChain:
    """Change a chain. Requests that wait go on by the revision with which they began.

    Raises: NotFound; InvalidInput; Conflict where there is one for the same.
    """
    _follow_from_now_on(workspace)
    chain = _find_locked(workspace, chain_id)
    plan = newest_plan(chain)
    before = _said_of(chain, plan)
    _store(workspace, chain, fields)
    if fields.plan.to_json() != plan.to_json():
        chain.number += 1
        _add_revision(chain, fields.plan, by)
    chain.updated_at = clock.now()
    changed = changes_between(before, _said_of(chain, fields.plan))
    if changed:
        _note(AuditAction.ESCALATION_CHANGED, chain, {"chain": chain.name, "changes": changed})
    db.session.flush()
    return chain


def delete_chain(workspace: Workspace, chain_id: UUID) -> str:
    """Delete a chain, and what runs by it; return its name. Raises: NotFound."""
    chain = _find_locked(workspace, chain_id)
    _note(AuditAction.ESCALATION_DELETED, chain, {"chain": chain.name})
    db.session.delete(chain)
    return chain.name


def _store(workspace: Workspace, chain: EscalationChain, fields: ChainFields) -> None:
    chain.name = in_one_line(fields.name, NAME_LENGTH_MAX)
    check_letters(chain.name)
    _check_subject(workspace, chain, fields)
    _check_whom(workspace, fields.plan)
    chain.agent_id, chain.function_id = fields.agent_id, fields.function_id
    chain.is_active = fields.is_active


def _check_subject(workspace: Workspace, chain: EscalationChain, fields: ChainFields) -> None:
    """Raises: InvalidInput; NotFound; Conflict."""
    if fields.agent_id is not None and fields.function_id is not None:
        message = "A chain is of an agent or of a function, not of both."
        raise InvalidInput(message, errors=(FieldError("/function_id", message),))
    for model, own_id in ((Agent, fields.agent_id), (Function, fields.function_id)):
        query = select(model.id).where(model.id == own_id, model.workspace_id == workspace.id)
        if own_id is not None and db.session.scalar(query) is None:
            raise NotFound(f"There is no such {model.__name__.lower()}.")
    of_same = select(EscalationChain).where(
        EscalationChain.workspace_id == workspace.id,
        EscalationChain.agent_id.is_not_distinct_from(fields.agent_id),
        EscalationChain.function_id.is_not_distinct_from(fields.function_id),
    )
    other = db.session.scalars(of_same).one_or_none()
    if other is not None and other.id != chain.id:
        raise Conflict(f"The chain {other.name} is for the same already. Change that one.")


def _check_whom(workspace: Workspace, plan: Plan) -> None:
    """Raises: InvalidInput for a member or a team that is none of the workspace."""
    errors = []
    for index, step in enumerate(plan.steps):
        match step.who:
            case Who.USER:
                query = select(Membership.user_id).where(Membership.user_id == step.whom_id)
                query = query.where(Membership.workspace_id == workspace.id)
            case Who.TEAM:
                query = select(Team.id).where(Team.id == step.whom_id)
                query = query.where(Team.workspace_id == workspace.id)
            case Who.ASSIGNEES | Who.ADMINS:
                continue
        if db.session.scalar(query) is None:
            message = f"There is no such {'member' if step.who is Who.USER else 'team'}."
            errors.append(FieldError(f"/steps/{index}/who", message))
    if errors:
        raise InvalidInput("Members and teams of the workspace are told.", errors=tuple(errors))


def _add_revision(chain: EscalationChain, plan: Plan, by: User) -> None:
    revision = EscalationRevision(
        chain_id=chain.id,
        number=chain.number,
        plan={**plan.to_json()},
        made_by_id=by.id,
        made_at=clock.now(),
    )
    db.session.add(revision)
    db.session.flush()


def _follow_from_now_on(workspace: Workspace) -> None:
    """Where no chain was active until now, begin with what is asked from now on."""
    is_any = select(EscalationChain.id).where(
        EscalationChain.workspace_id == workspace.id, EscalationChain.is_active
    )
    if db.session.scalar(is_any.limit(1)) is not None:
        return
    at_end = select(AuditHead.seq).where(AuditHead.workspace_id == workspace.id)
    seq = db.session.scalar(at_end) or 0
    db.session.merge(EscalationCursor(workspace_id=workspace.id, seq=seq))


def _said_of(chain: EscalationChain, plan: Plan) -> JSONObject:
    """Return what the audit says of a chain."""
    return {
        "chain": chain.name,
        "agent": None if chain.agent_id is None else str(chain.agent_id),
        "function": None if chain.function_id is None else str(chain.function_id),
        "is_active": chain.is_active,
        **texts_of(plan.to_json()),
    }


def _note(action: AuditAction, chain: EscalationChain, details: JSONObject) -> None:
    record(action, chain.workspace_id, SubjectKind.ESCALATION_CHAIN, chain.id, details)


def _find_locked(workspace: Workspace, chain_id: UUID) -> EscalationChain:
    chain = find_chain(workspace, chain_id)
    db.session.refresh(chain, with_for_update=True)
    return chain
