"""The thread of a request as its page shows it: who said what, and whether the agent was called."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import request
from wtforms.validators import DataRequired, Length

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.models import (
    Comment,
    Delivery,
    DeliveryStatus,
    InputRequest,
    InputRequestStatus,
)
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.comment import COMMENTS_MAX, MESSAGE_LENGTH_MAX
from opensink_web.operations.deliveries.queries import deliveries_of_comments
from opensink_web.operations.page import LIMIT_MAX, PageRequest
from opensink_web.operations.requests.mention import is_mentioned
from opensink_web.operations.requests.thread import list_comments
from opensink_web.web.forms.settings_form import ParagraphsField, SettingsForm
from opensink_web.web.rendering.live import version_of
from opensink_web.web.rendering.words import Mark, mark_icon

ALL = "thread"
"""The argument of an address that shows all comments of a long thread."""
SHOWN_MAX = 10
_PAGES_MAX = -(-COMMENTS_MAX // LIMIT_MAX)


class CommentForm(SettingsForm):
    """What somebody says about a request; the button says whether the agent is called."""

    comment = ParagraphsField(
        "Ask back or comment",
        [
            DataRequired("Write something first."),
            Length(max=MESSAGE_LENGTH_MAX, message="Use at most %(max)d characters."),
        ],
    )


@dataclass(frozen=True, slots=True)
class CallState:
    """What became of the call that a comment is; `failed` where the reader can have it repeated."""

    mark: Mark
    text: str
    moment: datetime | None = None
    delivery: Delivery | None = None
    can_repeat: bool = False

    @property
    def icon(self) -> str:
        return mark_icon(self.mark)


@dataclass(frozen=True, slots=True)
class ShownComment:
    """One comment; `message` is None where no key opens it. `is_about_earlier` is one that was
    written on a revision before; `asks_reader` mentions them.
    """

    id: UUID
    author: str
    is_by_asker: bool
    message: str | None
    moment: datetime
    wakes: bool
    call: CallState | None
    is_about_earlier: bool
    asks_reader: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """A request's thread, the oldest comment first; `earlier` are so many that are not shown.

    `wakes` where the agent can be asked back by the reader, `is_called` if it is called then: it
    has an endpoint. `may_comment` where they may write at all. `is_mentioned`: somebody waits for
    the reader to say something. `shows_all` of a long one.
    """

    comments: Sequence[ShownComment]
    count: int
    earlier: int
    wakes: bool
    is_called: bool
    may_comment: bool
    is_mentioned: bool
    is_watched: bool
    shows_all: bool
    version: str


def thread_of(principal: Principal, input_request: InputRequest) -> Thread:
    """Look up what is said about a request. It costs nothing where nothing was said."""
    comments = _comments(input_request) if input_request.comments_count else []
    calls = deliveries_of_comments([each.id for each in comments if each.wakes])
    shown = [_shown(principal, input_request, each, calls.get(each.id)) for each in comments]
    may_comment = (
        principal.may("agent_session_input_requests", Action.WRITE)
        and input_request.status is not InputRequestStatus.SUPERSEDED
    )
    count = input_request.comments_count
    mentioned = bool(count) and is_mentioned(input_request.id, principal.user.id)
    return Thread(
        comments=shown,
        count=count,
        earlier=max(count - len(shown), 0),
        wakes=may_comment
        and input_request.session_id is not None
        and input_request.status is InputRequestStatus.PENDING,
        is_called=input_request.agent is not None and input_request.agent.has_endpoint,
        may_comment=may_comment,
        is_mentioned=mentioned,
        is_watched=any(each.call is not None and each.call.mark is Mark.LIVE for each in shown),
        shows_all=ALL in request.args,
        version=version_of(count, mentioned, [(each.id, _fact(each.call)) for each in shown]),
    )


def _fact(call: CallState | None) -> object:
    return None if call is None else (call.text, call.moment)


def _comments(input_request: InputRequest) -> list[Comment]:
    """Return the newest comments, or all of them if the address says so, the oldest first."""
    shows_all = ALL in request.args
    limit = LIMIT_MAX if shows_all else SHOWN_MAX
    comments: list[Comment] = []
    trail = None
    for _ in range(_PAGES_MAX if shows_all else 1):
        page = list_comments(input_request, PageRequest(limit, trail))
        comments += page.items
        trail = page.trail
        if trail is None:
            break
    return comments[::-1]


def _shown(
    principal: Principal, input_request: InputRequest, comment: Comment, call: Delivery | None
) -> ShownComment:
    asker = input_request.agent.name if input_request.agent else "The function"
    author = comment.author.email if comment.author else "Somebody who has left"
    return ShownComment(
        id=comment.id,
        author=asker if comment.is_by_asker else author,
        is_by_asker=comment.is_by_asker,
        message=_message(comment),
        moment=comment.created_at,
        wakes=comment.wakes,
        call=_call_state(principal, call) if comment.wakes else None,
        is_about_earlier=comment.request_id != input_request.id,
        asks_reader=any(each.user_id == principal.user.id for each in comment.mentions),
    )


def _message(comment: Comment) -> str | None:
    try:
        return comment.message
    except UnreadableSecret:
        return None


def _call_state(principal: Principal, call: Delivery | None) -> CallState:
    if call is None:
        return CallState(Mark.DONE, "The agent is not called; it reads this when it next looks")
    if call.status is DeliveryStatus.SUCCEEDED:
        return CallState(Mark.DONE, "The agent was called", call.finished_at, call)
    if call.status is DeliveryStatus.FAILED:
        text = f"The agent could not be reached: {call.error_message}"
        can_repeat = principal.may("deliveries", Action.WRITE)
        return CallState(Mark.FAILED, text, call.finished_at, call, can_repeat)
    if call.error_message and call.next_at > clock.now():
        text = f"The agent could not be reached, and is called again: {call.error_message}"
        return CallState(Mark.WARNING, text, call.next_at, call)
    return CallState(Mark.LIVE, "Calling the agent…", None, call)
