"""Looks at what waits while `opensink dev` runs: says it, and answers it where that is wanted."""

import logging
from collections import deque
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from opensink_web.dev.answers import Automatic, answer_by_itself
from opensink_web.dev.telling import Teller
from opensink_web.dev.waiting import Asked, Waiting
from opensink_web.errors import OpenSinkError, Unavailable

_log = logging.getLogger(__name__)


class Desk:
    """One look at a time, within an application's context."""

    def __init__(
        self, waiting: Waiting, teller: Teller, person_id: UUID, how: Automatic | None
    ) -> None:
        self._waiting = waiting
        self._teller = teller
        self._person_id = person_id
        self._how = how
        self._unanswered: deque[Asked] = deque()

    def look(self) -> None:
        """Say what has happened since the last look, and answer what was asked."""
        try:
            for each in self._waiting.look():
                if not isinstance(each, Asked):
                    self._teller.gone(each)
                    continue
                self._teller.asked(each)
                if self._how is not None:
                    self._unanswered.append(each)
            if self._how is not None:
                self._answer(self._how)
        except (SQLAlchemyError, Unavailable) as error:  # the next look sees the same
            _log.debug("Cannot look at what waits just now: %s", error)

    def _answer(self, how: Automatic) -> None:
        while self._unanswered:
            request = self._unanswered[0]
            try:
                answer_by_itself(self._waiting.workspace_id, self._person_id, request.id, how)
            except Unavailable:
                raise
            except OpenSinkError as error:
                self._teller.left_open(request, error.message)
            self._unanswered.popleft()
