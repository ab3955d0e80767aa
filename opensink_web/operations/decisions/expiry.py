"""Requests whose time is over before anybody has decided."""

from dataclasses import replace
from uuid import UUID

from opensink_web.models import InputRequest, db
from opensink_web.models.transaction import changed_after_commit
from opensink_web.operations.decisions.asker import let_go_on
from opensink_web.operations.decisions.holding import lock_asker_of
from opensink_web.operations.requests.input_request import store_expiry


def expire(request_id: UUID) -> None:
    """End a request that waits, and let whoever asked go on without an answer.

    There is nothing to do once somebody has decided, also if that can be undone still.
    """
    locked = lock_asker_of(request_id)
    if locked is None or not store_expiry(request_id):
        return
    changed_after_commit(locked.request.workspace_id)
    # what was read with the lock may be older than the lock
    request = db.session.get_one(InputRequest, request_id, populate_existing=True)
    let_go_on(replace(locked, request=request), None)
