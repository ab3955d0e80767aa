"""What a rule would tell a person of now, before it is stored."""

from collections.abc import Sequence

from sqlalchemy import select

from opensink_web.models import InputRequest, NotificationEvent, NotificationRule, db
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.notifications.recipients import matches
from opensink_web.operations.notifications.subject import newest_waiting

LOOKED_AT = 100
"""So many requests that wait a rule is tried on."""


def would_match(by: Principal, rule: NotificationRule) -> Sequence[InputRequest]:
    """Return which of the newest LOOKED_AT requests that wait a rule would tell a person of."""
    event = NotificationEvent.ASKED
    subjects = newest_waiting(by.workspace.id, LOOKED_AT)
    ids = [each.id for each in subjects if matches(rule, each, event, by.user.id)]
    query = select(InputRequest).where(InputRequest.id.in_(ids)).order_by(InputRequest.id.desc())
    return db.session.scalars(query).all() if ids else ()
