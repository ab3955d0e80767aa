"""/agent-session-input-requests/{id}/comments: what people and agents say about a request."""

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, PrivateAttr

from opensink_web.api.input_request import RESOURCE, WAIT_SECONDS_MAX
from opensink_web.contract import waiting
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    DIGITS,
    PageQuery,
    PageResponse,
    PersonResponse,
    Received,
    ResponseModel,
)
from opensink_web.models import Comment, InputRequest
from opensink_web.operations.accounts.delegation import THIS_QUESTION
from opensink_web.operations.accounts.disclosure import reads_secrets_of
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.decisions import comment as comments
from opensink_web.operations.requests import thread
from opensink_web.operations.requests.queries import find_input_request

routes = Routes(RESOURCE)
_PATH = "/agent-session-input-requests/{request_id}/comments"


class AuthorType(StrEnum):
    """Who wrote a comment."""

    USER = "user"
    AGENT = "agent"
    FUNCTION = "function"


class CommentCreate(Received):
    """A comment, in Markdown. `@name@example.com` asks a member who may read the request."""

    server_set = frozenset(
        {"id", "workspace_id", "request_id", "author_type", "author", "mentions", "created_at"}
    )

    message: Annotated[str, Field(min_length=1, max_length=comments.MESSAGE_LENGTH_MAX)]
    wake: bool = Field(
        default=False,
        description="Whether the agent is called because of it, with the outcome `comment`.",
    )


class CommentResponse(ResponseModel):
    """What somebody said. Nothing of it changes any more.

    An API key that may write agents' sessions, or execute the function that asked, speaks for the
    agent or the function, and so does an execution's own token; `author` is null then. Everybody
    else speaks for themselves.
    """

    id: UUID
    workspace_id: UUID
    request_id: UUID = Field(description="What was asked then: a revision of the request.")
    author_type: AuthorType
    author: PersonResponse | None
    message: str
    wake: bool
    mentions: list[PersonResponse]
    created_at: datetime

    @classmethod
    def of_comment(cls, request: InputRequest, comment: Comment) -> Self:
        """Write a comment of a request's thread."""
        asker = AuthorType.AGENT if request.execution_id is None else AuthorType.FUNCTION
        return cls(
            id=comment.id,
            workspace_id=comment.workspace_id,
            request_id=comment.request_id,
            author_type=asker if comment.is_by_asker else AuthorType.USER,
            author=None
            if comment.is_by_asker or comment.author is None
            else PersonResponse.of(comment.author),
            message=comment.message,
            wake=comment.wakes,
            mentions=[PersonResponse.of(each.user) for each in comment.mentions],
            created_at=comment.created_at,
        )


class CommentQuery(PageQuery):
    after: UUID | None = Field(
        default=None,
        description="The last comment that is known: those after it are answered.",
    )
    wait: Annotated[int, Field(ge=0, le=WAIT_SECONDS_MAX), DIGITS] = Field(
        default=0,
        description="Seconds to hold the answer while there is none, and the request is pending.",
    )


class CommentPage(PageResponse[CommentResponse]):
    """Some comments, newest first, and the cursor of the next page if there is one."""

    _known: UUID | None = PrivateAttr(default=None)

    def known_up_to(self, known: UUID) -> Self:
        """Note after which comment, or of which request, something is waited for."""
        self._known = known
        return self

    @property
    def known(self) -> UUID | None:
        """What known_up_to() has noted."""
        return self._known


@routes.post(
    _PATH,
    summary="Comment on a request, or ask its agent back.",
    errors=(404,),
    delegated=THIS_QUESTION,
    example=Example(body={"message": "Which colour, @bob@example.com?"}),
    about=(
        "With `wake` the agent's execution endpoint is called with the outcome `comment`; it can "
        "answer in the thread, or supersede its request."
    ),
)
def add_comment(principal: Principal, request_id: UUID, body: CommentCreate) -> CommentResponse:
    request = find_input_request(principal.workspace, request_id)
    comment = comments.add_comment(
        principal.workspace,
        request_id,
        body.message,
        by=principal.user,
        is_by_asker=reads_secrets_of(principal, request),
        wakes=body.wake,
    )
    return CommentResponse.of_comment(request, comment)


def until_said(answer: CommentPage, query: CommentQuery) -> waiting.Wait | None:
    """Wait as long as is asked for until somebody says something, or a decision takes effect."""
    if not query.wait or answer.items or answer.known is None:
        return None
    return waiting.Wait(thread.still_silent, answer.known, query.wait)


@routes.get(
    _PATH,
    summary="List the comments on a request, or wait for one.",
    delegated=THIS_QUESTION,
    waits=until_said,
    example=Example(query={"$limit": 20}),
)
def list_comments(principal: Principal, request_id: UUID, query: CommentQuery) -> CommentPage:
    request = find_input_request(principal.workspace, request_id)
    page = thread.list_comments(request, query.page, after=query.after)
    items = list(map(partial(CommentResponse.of_comment, request), page.items))
    answer = CommentPage(items=items, trail=page.trail)
    if items or not query.wait:
        return answer
    return answer.known_up_to(thread.last_known(request, query.after))
