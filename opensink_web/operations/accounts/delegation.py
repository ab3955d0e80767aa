"""Delegated tokens: what an execution's own token opens, and a callback's. All else is refused.

A delegated token speaks for its user and leaves the house with a call. Whoever gets it, or steals
it, may do with it what was declared for it at the route, and what its user may: an execution reads
what belongs to it, executes, asks and reports; the receiver of a callback learns who it is for and
reads what it tells of. Nothing is managed with one, and nobody is answered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias, assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from opensink_web.access_token import AccessToken, TokenKind
from opensink_web.errors import DelegatedTokenRefused
from opensink_web.models import Batch, Execution, InputRequest, db
from opensink_web.operations.accounts.permission import Principal


class Cover(Enum):
    """What a delegated token has to do with what a route's path names."""

    NOTHING = auto()
    AS_USER = auto()
    """It is open to the token as far as it is open to its user."""
    OWN = auto()
    """It is what the token was made for: no permission is needed."""


Rule: TypeAlias = Callable[[TokenKind, UUID, UUID], Cover]
"""Takes what sort of token it is, which execution or batch it was made for, and an id in a path."""
KeyRule: TypeAlias = Callable[[UUID, UUID], bool]
"""Takes which key it is, and an id in a path."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """Which delegated tokens a route is open to, and for which of the things its path names.

    `means` says that in words, for the API's document. `rule` is asked about the id that the path
    has under `named`; without a name it is open for whatever the token's user may, or with
    `is_own` for what the view then looks at. `key_rule` says of a key what is its own.
    """

    means: str
    kinds: frozenset[TokenKind]
    named: str = ""
    rule: Rule | None = None
    is_own: bool = False
    key_rule: KeyRule | None = None

    def is_of_key(self, principal: Principal, path: Mapping[str, str]) -> bool:
        """Return True if what the path names is a key's own, though it has no permission."""
        if self.key_rule is None or principal.key is None:
            return False
        try:
            return self.key_rule(principal.key.id, UUID(path[self.named]))
        except ValueError:
            return False

    def cover(self, principal: Principal, path: Mapping[str, str]) -> Cover:
        """Return what the caller has to do with what the path names; a person is no delegate.

        Raises: DelegatedTokenRefused.
        """
        token = principal.token
        if token is None or not principal.is_delegated:
            return Cover.AS_USER
        cover = self._cover_of(token, path) if token.kind in self.kinds else Cover.NOTHING
        if cover is Cover.NOTHING:
            raise DelegatedTokenRefused(_refusal(token.kind))
        return cover

    def _cover_of(self, token: AccessToken, path: Mapping[str, str]) -> Cover:
        if self.rule is None:
            return Cover.OWN if self.is_own else Cover.AS_USER
        made_for = token.execution_id or token.reports_on
        try:
            subject_id = UUID(path[self.named])
        except ValueError:
            return Cover.NOTHING
        return Cover.NOTHING if made_for is None else self.rule(token.kind, made_for, subject_id)


def _refusal(kind: TokenKind) -> str:
    match kind:
        case TokenKind.EXECUTION:
            return (
                "The token of an execution does not open this. It reads what belongs to its"
                " execution, executes, asks and reports; for everything else use an API key, or"
                " sign in."
            )
        case TokenKind.CALLBACK:
            return (
                "The token of a callback does not open this. It tells whom the callback is for and"
                " reads what it reports on; for everything else use an API key, or sign in."
            )
        case TokenKind.SIGN_IN:
            raise ValueError("a sign-in's token is no delegated one")
        case _:
            assert_never(kind)


_EXECUTION = frozenset({TokenKind.EXECUTION})
_EITHER = frozenset({TokenKind.EXECUTION, TokenKind.CALLBACK})


def _this_execution(kind: TokenKind, made_for: UUID, asked: UUID) -> Cover:
    if asked == made_for:
        return Cover.OWN
    if kind is TokenKind.CALLBACK:
        return _own_if(Execution.id == asked, Execution.batch_id == made_for)
    return _started_execution(kind, made_for, asked)


def _own_execution(_kind: TokenKind, made_for: UUID, asked: UUID) -> Cover:
    return Cover.OWN if asked == made_for else Cover.NOTHING


def _started_execution(_kind: TokenKind, made_for: UUID, asked: UUID) -> Cover:
    return _as_user_if(Execution.id == asked, Execution.parent_id == made_for)


def _this_batch(kind: TokenKind, made_for: UUID, asked: UUID) -> Cover:
    is_part = Execution.id == made_for, Execution.batch_id == asked
    if asked == made_for or (kind is TokenKind.EXECUTION and _is_there(*is_part)):
        return Cover.OWN
    return _started_batch(kind, made_for, asked)


def _executions_of_batch(kind: TokenKind, made_for: UUID, asked: UUID) -> Cover:
    if asked == made_for:
        return Cover.OWN
    return _started_batch(kind, made_for, asked)  # its own batch has inputs of others


def _started_batch(kind: TokenKind, made_for: UUID, asked: UUID) -> Cover:
    if kind is TokenKind.CALLBACK:
        return Cover.NOTHING
    return _as_user_if(Batch.id == asked, Batch.parent_id == made_for)


def _this_chat(kind: TokenKind, made_for: UUID, asked: UUID) -> Cover:
    in_chat, is_it = Execution.chat_id == asked, Execution.id == made_for
    if kind is TokenKind.CALLBACK:
        return _own_if(in_chat, is_it | (Execution.batch_id == made_for))
    if _is_there(in_chat, is_it):
        return Cover.OWN
    return _as_user_if(in_chat, Execution.parent_id == made_for)


def _this_question(_kind: TokenKind, made_for: UUID, asked: UUID) -> Cover:
    if _is_there(InputRequest.id == asked, InputRequest.execution_id == made_for):
        return Cover.OWN
    return _as_user_if(InputRequest.id == asked, InputRequest.asked_with_id == made_for)


def _asked_with_key(key_id: UUID, request_id: UUID) -> bool:
    return _is_there(InputRequest.id == request_id, InputRequest.asked_with_key_id == key_id)


def _own_if(*conditions: ColumnElement[bool]) -> Cover:
    return Cover.OWN if _is_there(*conditions) else Cover.NOTHING


def _as_user_if(*conditions: ColumnElement[bool]) -> Cover:
    return Cover.AS_USER if _is_there(*conditions) else Cover.NOTHING


def _is_there(*conditions: ColumnElement[bool]) -> bool:
    return bool(db.session.scalar(select(exists().where(*conditions))))


NOBODY = Delegation("nothing", frozenset())
"""What a route is declared with that says nothing."""
WHO_IT_IS = Delegation("for whom it speaks and what they may do.", _EITHER)
EXECUTING = Delegation("as far as its user may execute it.", _EXECUTION)
THIS_EXECUTION = Delegation(
    "its own execution, those that it has started, and what the callback tells of.",
    _EITHER,
    "execution_id",
    _this_execution,
)
OWN_EXECUTION = Delegation("its own execution.", _EXECUTION, "execution_id", _own_execution)
STARTED_EXECUTION = Delegation(
    "those that it has started.", _EXECUTION, "execution_id", _started_execution
)
THIS_BATCH = Delegation(
    "the one that its execution is part of, those that it has started, and what the callback tells"
    " of.",
    _EITHER,
    "batch_id",
    _this_batch,
)
EXECUTIONS_OF_BATCH = Delegation(
    "those that it has started, and what the callback tells of.",
    _EITHER,
    "batch_id",
    _executions_of_batch,
)
STARTED_BATCH = Delegation("those that it has started.", _EXECUTION, "batch_id", _started_batch)
THIS_CHAT = Delegation(
    "the one that it answers, those that it has started, and what the callback tells of.",
    _EITHER,
    "chat_id",
    _this_chat,
)
# an agent is told why it cannot ask, whatever its user may; the view looks at the rest
ASKING = Delegation("as far as its user may ask.", _EXECUTION, is_own=True)
THIS_QUESTION = Delegation(
    "what it has asked itself.",
    _EXECUTION,
    "request_id",
    _this_question,
    key_rule=_asked_with_key,
)
