"""Reading what a person has set up, what they were told, and chains of escalation."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from opensink_web.channels.base import MessageKind
from opensink_web.errors import NotFound
from opensink_web.models import (
    Agent,
    Escalation,
    EscalationChain,
    EscalationRevision,
    Function,
    MessageStatus,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
    User,
    Workspace,
    db,
)
from opensink_web.operations.notifications.plan import Plan, plan_of
from opensink_web.operations.page import Page, PageRequest, fetch

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


Row = TypeVar("Row")


def channels_of(workspace: Workspace, user: User) -> Sequence[NotificationChannel]:
    """Return a person's channels with their rules, in the order in which they were set up."""
    query = (
        select(NotificationChannel)
        .options(
            selectinload(NotificationChannel.rules).options(
                joinedload(NotificationRule.agent), joinedload(NotificationRule.function)
            )
        )
        .where(*_are_own(NotificationChannel, workspace, user))
        .order_by(NotificationChannel.id)
    )
    return db.session.scalars(query).all()


def list_channels(
    workspace: Workspace, user: User, page_request: PageRequest
) -> Page[NotificationChannel]:
    """Return a page of a person's channels with their rules, the newest first."""
    query = select(NotificationChannel).options(selectinload(NotificationChannel.rules))
    own = query.where(*_are_own(NotificationChannel, workspace, user))
    return fetch(own, NotificationChannel.id, page_request)


def find_channel(workspace: Workspace, user: User, channel_id: UUID) -> NotificationChannel:
    """Return a channel of a person's own. Raises: NotFound."""
    query = select(NotificationChannel).where(NotificationChannel.id == channel_id)
    own = query.where(*_are_own(NotificationChannel, workspace, user))
    return _found(own, "channel")


def find_rule(workspace: Workspace, user: User, rule_id: UUID) -> NotificationRule:
    """Return a rule of a person's own. Raises: NotFound."""
    query = select(NotificationRule).join(NotificationRule.channel)
    own = query.where(
        NotificationRule.id == rule_id, *_are_own(NotificationChannel, workspace, user)
    )
    return _found(own, "rule")


def messages_of(
    workspace: Workspace, user: User, page_request: PageRequest
) -> Page[NotificationMessage]:
    """Return one page of what a person was told, newest first. Raises: InvalidInput."""
    query = (
        select(NotificationMessage)
        .options(joinedload(NotificationMessage.channel), selectinload(NotificationMessage.items))
        .where(*_are_own(NotificationMessage, workspace, user))
    )
    return fetch(query, NotificationMessage.id, page_request)


def find_message(workspace: Workspace, user: User, message_id: UUID) -> NotificationMessage:
    """Return a message to a person. Raises: NotFound."""
    query = select(NotificationMessage).where(NotificationMessage.id == message_id)
    own = query.where(*_are_own(NotificationMessage, workspace, user))
    return _found(own, "message")


def last_test(channel: NotificationChannel) -> NotificationMessage | None:
    """Return the newest message by which a channel was tried, if it is still kept."""
    query = select(NotificationMessage).where(
        NotificationMessage.channel_id == channel.id,
        NotificationMessage.kind == MessageKind.TEST,
    )
    newest = query.order_by(NotificationMessage.created_at.desc()).limit(1)
    return db.session.scalars(newest).first()


def count_failed(workspace: Workspace, user: User) -> int:
    """Count the messages that a person did not get."""
    query = select(func.count()).where(
        *_are_own(NotificationMessage, workspace, user),
        NotificationMessage.status == MessageStatus.FAILED,
    )
    return db.session.scalar(query) or 0


def count_paused_channels(workspace: Workspace) -> int:
    """Count the channels of members that stopped, because what they call is gone or refuses."""
    query = select(func.count()).where(
        NotificationChannel.workspace_id == workspace.id,
        NotificationChannel.paused_reason.is_not(None),
    )
    return db.session.scalar(query) or 0


def list_chains(workspace: Workspace, page_request: PageRequest) -> Page[EscalationChain]:
    """Return a page of the workspace's chains, the newest first."""
    query = _CHAINS.where(EscalationChain.workspace_id == workspace.id)
    return fetch(query, EscalationChain.id, page_request)


def all_chains(workspace: Workspace) -> Sequence[EscalationChain]:
    """Return the workspace's chains by name."""
    query = _CHAINS.where(EscalationChain.workspace_id == workspace.id)
    return db.session.scalars(query.order_by(EscalationChain.name, EscalationChain.id)).all()


def find_chain(workspace: Workspace, chain_id: UUID) -> EscalationChain:
    """Raises: NotFound."""
    query = _CHAINS.where(
        EscalationChain.workspace_id == workspace.id, EscalationChain.id == chain_id
    )
    return _found(query, "escalation chain")


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


def _are_own(
    table: type[NotificationChannel | NotificationMessage], workspace: Workspace, user: User
) -> tuple[ColumnElement[bool], ...]:
    """Keep what is a person's own in a workspace."""
    return table.workspace_id == workspace.id, table.user_id == user.id


def _found(query: Select[Row], name: str) -> Row:
    """Return the one row that is looked for. Raises: NotFound."""
    row = db.session.scalars(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no such {name}.")
    return row
