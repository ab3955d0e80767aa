"""Who wants to be told of a request, and where: active members who may decide, by their rules."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from opensink_web.models import (
    Membership,
    NotificationChannel,
    NotificationEvent,
    NotificationMode,
    NotificationRule,
    NotificationScope,
    db,
)
from opensink_web.operations.accounts.membership import IS_ACTIVE
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.notifications.subject import Subject

REQUESTS = "agent_session_input_requests"
MENTIONS = frozenset({NotificationEvent.MENTIONED, NotificationEvent.REMARKED})


@dataclass(frozen=True, slots=True)
class Listener:
    """A channel in use, with its rules."""

    channel: NotificationChannel
    rules: Sequence[NotificationRule]
    may_read: bool
    may_decide: bool

    @property
    def user_id(self) -> UUID:
        return self.channel.user_id


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification that is to be: `digest_minutes` is how long it may gather, 0 at once."""

    channel: NotificationChannel
    subject_id: UUID
    event: NotificationEvent
    occurrence: str = ""
    with_details: bool = True
    digest_minutes: int = 0


def listeners_in(workspace_id: UUID) -> list[Listener]:
    """Return whom anything can be told in a workspace."""
    query = (
        select(NotificationChannel, Membership)
        .join(
            Membership,
            (Membership.user_id == NotificationChannel.user_id)
            & (Membership.workspace_id == NotificationChannel.workspace_id),
        )
        .join(Membership.user)
        .options(
            selectinload(NotificationChannel.rules),
            contains_eager(Membership.user),
            joinedload(Membership.workspace),
            selectinload(Membership.custom_roles),
        )
        .where(
            NotificationChannel.workspace_id == workspace_id,
            NotificationChannel.is_active.is_(True),
            NotificationChannel.confirmed_at.is_not(None),
            NotificationChannel.signed_out_at.is_(None),
            *IS_ACTIVE,
        )
        .order_by(NotificationChannel.id)
    )
    return [_listener(channel, member) for channel, member in db.session.execute(query).all()]


def notices_of(
    listeners: Iterable[Listener],
    subject: Subject,
    event: NotificationEvent,
    *,
    only_ids: frozenset[UUID] | None = None,
    occurrence: str = "",
) -> list[Notice]:
    """Return who is to be told of an event; only these people, where some are given."""
    notices = []
    for listener in listeners:
        if only_ids is not None and listener.user_id not in only_ids:
            continue
        if not _may_take_part(listener, subject, event):
            continue
        rules = [each for each in listener.rules if matches(each, subject, event, listener.user_id)]
        if rules:
            notices.append(_notice(listener.channel, subject.id, event, occurrence, rules))
    return notices


def _may_take_part(listener: Listener, subject: Subject, event: NotificationEvent) -> bool:
    """Return True if somebody may decide; for a comment that mentions them reading is enough."""
    if event in MENTIONS:
        return listener.may_read
    return listener.may_decide and subject.may_be_decided_by(listener.user_id)


def matches(
    rule: NotificationRule, subject: Subject, event: NotificationEvent, user_id: UUID
) -> bool:
    """Return True if a rule is about this: everything that it names is so."""
    named = (
        (rule.agent_id, subject.agent_id),
        (rule.function_id, subject.function_id),
        (rule.key, subject.key),
    )
    return (
        _is_in_scope(rule.scope, event, subject, user_id)
        and all(name in {None, value} for name, value in named)
        and (rule.tag is None or rule.tag in subject.tags)
        and (rule.min_priority is None or subject.priority >= rule.min_priority)
    )


def _is_in_scope(
    scope: NotificationScope, event: NotificationEvent, subject: Subject, user_id: UUID
) -> bool:
    match event:
        case NotificationEvent.ASKED | NotificationEvent.BATCH_ASKED:
            is_mine = scope is NotificationScope.MINE and user_id in subject.assignee_ids
            return scope is NotificationScope.ALL or is_mine
        case NotificationEvent.ASSIGNED:
            return scope is not NotificationScope.MENTIONS
        case (
            NotificationEvent.MENTIONED
            | NotificationEvent.REMARKED
            | NotificationEvent.REMINDER
            | NotificationEvent.ESCALATION
        ):
            return True
        case _:
            assert_never(event)


def _notice(
    channel: NotificationChannel,
    subject_id: UUID,
    event: NotificationEvent,
    occurrence: str,
    rules: Sequence[NotificationRule],
) -> Notice:
    waits = [0 if rule.mode is NotificationMode.AT_ONCE else rule.digest_minutes for rule in rules]
    # of several rules the soonest counts, and the one that says least
    details = all(rule.with_details for rule in rules)
    return Notice(channel, subject_id, event, occurrence, details, min(waits))


def addressed_to(
    listeners: Iterable[Listener],
    user_ids: frozenset[UUID],
    subject: Subject,
    event: NotificationEvent,
    occurrence: str,
) -> list[Notice]:
    """Return how these people are told of what is meant for them alone: by each channel of theirs
    with a rule for such a request, else by the first that they have.
    """
    of_user: dict[UUID, list[Listener]] = defaultdict(list)
    for listener in listeners:
        if listener.user_id in user_ids and _may_take_part(listener, subject, event):
            of_user[listener.user_id].append(listener)
    notices = []
    for own in of_user.values():
        by_rules = notices_of(own, subject, event, occurrence=occurrence)
        notices += by_rules or [Notice(own[0].channel, subject.id, event, occurrence)]
    return notices


def _listener(channel: NotificationChannel, member: Membership) -> Listener:
    principal = Principal.of(member)
    return Listener(
        channel,
        channel.rules,
        may_read=principal.may(REQUESTS, Action.READ),
        may_decide=principal.may(REQUESTS, Action.WRITE),
    )
