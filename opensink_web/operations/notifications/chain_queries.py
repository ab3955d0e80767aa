"""Escalation, read: chains, their revisions, and where requests stand in them.

Nothing is written here, and nothing of what writes is imported.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from opensink_web.errors import NotFound
from opensink_web.models import (
    Agent,
    Escalation,
    EscalationChain,
    EscalationRevision,
    Function,
    Workspace,
    db,
)
from opensink_web.operations import page
from opensink_web.operations.notifications.plan import Plan, plan_of

# of an agent or a function that was deleted nobody finds one
_IS_THERE = (
    or_(EscalationChain.agent_id.is_(None), Agent.id.is_not(None)),
    or_(EscalationChain.function_id.is_(None), Function.id.is_not(None)),
)
_CHAINS = (
    select(EscalationChain)
    .outerjoin(EscalationChain.agent)
    .outerjoin(EscalationChain.function)
    .where(*_IS_THERE)
)


def list_chains(workspace: Workspace, page_request: page.PageRequest) -> page.Page[EscalationChain]:
    """Return a page of the workspace's chains, the newest first."""
    query = _CHAINS.where(EscalationChain.workspace_id == workspace.id)
    return page.fetch(query, EscalationChain.id, page_request)


def all_chains(workspace: Workspace) -> Sequence[EscalationChain]:
    """Return the workspace's chains by name."""
    query = _CHAINS.where(EscalationChain.workspace_id == workspace.id)
    return db.session.scalars(query.order_by(EscalationChain.name, EscalationChain.id)).all()


def find_chain(workspace: Workspace, chain_id: UUID) -> EscalationChain:
    """Raises: NotFound."""
    query = _CHAINS.where(
        EscalationChain.workspace_id == workspace.id, EscalationChain.id == chain_id
    )
    chain = db.session.scalars(query).one_or_none()
    if chain is None:
        raise NotFound("There is no such escalation chain.")
    return chain


def newest_plan(chain: EscalationChain) -> Plan:
    """Return what a chain says now."""
    return newest_plans([chain])[chain.id]


def newest_plans(chains: Sequence[EscalationChain]) -> dict[UUID, Plan]:
    """Return what each chain says now, by its id."""
    query = (
        select(EscalationRevision.chain_id, EscalationRevision.plan)
        .join(EscalationChain, EscalationChain.id == EscalationRevision.chain_id)
        .where(
            EscalationChain.id.in_([each.id for each in chains]),
            EscalationRevision.number == EscalationChain.number,
        )
    )
    return {row.chain_id: plan_of(row.plan) for row in db.session.execute(query)}


def revisions_of(chain: EscalationChain) -> Sequence[EscalationRevision]:
    """Return all that a chain has said, the newest first, with who made it."""
    query = (
        select(EscalationRevision)
        .where(EscalationRevision.chain_id == chain.id)
        .options(joinedload(EscalationRevision.made_by))
        .order_by(EscalationRevision.number.desc())
    )
    return db.session.scalars(query).all()


def count_running(chains: Sequence[EscalationChain]) -> dict[UUID, int]:
    """Count the requests that wait by each chain, whichever revision; none are left out."""
    query = (
        select(EscalationRevision.chain_id, func.count().label("running"))
        .join(Escalation, Escalation.revision_id == EscalationRevision.id)
        .where(EscalationRevision.chain_id.in_([each.id for each in chains]))
        .group_by(EscalationRevision.chain_id)
    )
    return {row.chain_id: row.running for row in db.session.execute(query)}
