"""Holding an answer until a request leaves `pending`: short looks, and sleep in between.

No connection is held while sleeping. Waiting takes a thread of the web server each, so only half
of them may wait; who comes when those are taken is answered at once and asks again.
"""

import threading
import time
from uuid import UUID

from flask import Flask, current_app

from opensink_web.models import InputRequestStatus, Workspace
from opensink_web.models.transaction import reading
from opensink_web.operations.input_request import find_input_request

WAIT_SECONDS_MAX = 60
FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 0.5
_PAUSE_GROWTH = 1.5
_SEATS = "opensink-waiting-seats"


def set_up(app: Flask, web_threads: int) -> None:
    """Set how many may wait at once in this process."""
    app.extensions[_SEATS] = threading.Semaphore(web_threads // 2)


def wait_for_answer(workspace: Workspace, request_id: UUID, seconds: float) -> None:
    """Return when the request is no longer pending, or the time is over.

    Raises: NotFound, also when it is deleted meanwhile.
    """
    seats: threading.Semaphore = current_app.extensions[_SEATS]
    if not seats.acquire(blocking=False):
        return
    try:
        _poll(workspace, request_id, time.monotonic() + seconds)
    finally:
        seats.release()


def _poll(workspace: Workspace, request_id: UUID, deadline: float) -> None:
    pause_seconds = FIRST_PAUSE_SECONDS
    while _is_pending(workspace, request_id):
        left_seconds = deadline - time.monotonic()
        if left_seconds <= 0:
            return
        time.sleep(min(pause_seconds, left_seconds))
        pause_seconds = min(pause_seconds * _PAUSE_GROWTH, LAST_PAUSE_SECONDS)


def _is_pending(workspace: Workspace, request_id: UUID) -> bool:
    with reading():
        request = find_input_request(workspace, request_id)
        return request.status is InputRequestStatus.PENDING
