"""Telling chosen people of a request: a reminder to those whose it is, an escalation to others."""

from collections.abc import Collection
from uuid import UUID

from opensink_web.models import NotificationEvent
from opensink_web.operations.notifications.gathering import gather
from opensink_web.operations.notifications.recipients import addressed_to, listeners_in
from opensink_web.operations.notifications.subject import waiting_subjects


def notify(
    workspace_id: UUID,
    request_id: UUID,
    user_ids: Collection[UUID],
    event: NotificationEvent,
    *,
    occurrence: str,
    reason: str,
) -> int:
    """Tell people of a request that waits, each by their channels; return how many that reaches.

    The same `occurrence` of an event, of up to 64 characters, is told once. `reason` is a sentence
    that says why they are told. Whoever may not decide, or has no channel, is not told.
    """
    subjects = waiting_subjects(workspace_id, [request_id])
    listeners = listeners_in(workspace_id) if subjects and user_ids else []
    if not listeners:
        return 0
    people = frozenset(user_ids)
    notices = addressed_to(listeners, people, subjects[0], event, occurrence)
    return gather(notices, reason)
