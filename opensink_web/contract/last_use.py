"""When keys and sign-ins were last used: noted beside the requests, never in them.

A request leaves a note in memory, and a thread writes down what has come together. So no request
waits for those who write to the database, and none fails because its use could not be noted. What
a process has not written down when it ends is forgotten.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from opensink_web import clock
from opensink_web.errors import OpenSinkError
from opensink_web.models import ApiKey, UserSession
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import note_uses
from opensink_web.operations.accounts.user_session import note_seen

NOTED_EVERY = timedelta(minutes=1)
"""What was noted a shorter while ago is not noted again."""
WRITTEN_AFTER_SECONDS = 5.0
_EXTENSION = "opensink-last-use"
_log = logging.getLogger(__name__)


def set_up(app: Flask) -> None:
    """Begin to take notes for an application."""
    app.extensions[_EXTENSION] = _Notes(app)


def note_key(key: ApiKey) -> None:
    """Note that a key was used now."""
    if _is_worth_noting(key.last_used_at):
        _notes(current_app).add(key_id=key.id)


def note_session(session: UserSession) -> None:
    """Note that somebody was here whose sign-in this is."""
    if _is_worth_noting(session.last_seen_at):
        _notes(current_app).add(session_id=session.id)


def write_down(app: Flask) -> None:
    """Write down now what has been noted, if the database takes it."""
    _notes(app).write_down()


def start_timer(write: Callable[[], None]) -> threading.Timer:
    """Have it written down in a while. Tests start none: they write down when they want to."""
    timer = threading.Timer(WRITTEN_AFTER_SECONDS, write)
    timer.daemon = True
    timer.start()
    return timer


class _Notes:
    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._keys: dict[UUID, datetime] = {}
        self._sessions: dict[UUID, datetime] = {}
        self._timer: threading.Timer | None = None

    def add(self, *, key_id: UUID | None = None, session_id: UUID | None = None) -> None:
        with self._lock:
            if key_id is not None:
                self._keys[key_id] = clock.now()
            if session_id is not None:
                self._sessions[session_id] = clock.now()
            # one that was started before this process was forked does not run here
            if self._timer is None or not self._timer.is_alive():
                self._timer = start_timer(self.write_down)

    def write_down(self) -> None:
        with self._lock:
            keys, self._keys = self._keys, {}
            sessions, self._sessions = self._sessions, {}
            self._timer = None
        try:
            with self._app.app_context(), writing():
                note_uses(keys)
                note_seen(sessions)
        except (OpenSinkError, SQLAlchemyError):
            _log.warning("Which keys and sign-ins were used could not be noted", exc_info=True)


def _is_worth_noting(noted_at: datetime | None) -> bool:
    return noted_at is None or clock.now() - noted_at >= NOTED_EVERY


def _notes(app: Flask) -> _Notes:
    notes: _Notes = app.extensions[_EXTENSION]
    return notes
