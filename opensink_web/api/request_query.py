"""Which requests a program lists, and in which order."""

from dataclasses import asdict
from uuid import UUID

from pydantic import Field

from opensink_web.api.request_answer import RequestStatus
from opensink_web.contract.shapes import MomentInQuery, PageQuery
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.models import InputRequest, InputRequestKind, Workspace
from opensink_web.operations.insights.counted import counted_as
from opensink_web.operations.page import Page
from opensink_web.operations.requests.ending import Ended, Ending
from opensink_web.operations.requests.listing import ListedFilter, ListView, list_page
from opensink_web.operations.requests.queries import InputRequestFilter, list_input_requests

_OF_ENDED = ("decided_from", "decided_to", "outcome", "decided_by")


class InputRequestQuery(PageQuery):
    session_id: UUID | None = None
    agent_id: UUID | None = None
    execution_id: UUID | None = None
    kind: InputRequestKind | None = None
    status: RequestStatus | None = None
    key: str | None = None
    tag: str | None = None
    reference: str | None = None
    decided_from: MomentInQuery | None = Field(
        default=None,
        description="From when on it was decided, or ended otherwise. With one of these four what"
        " ended last stands first.",
    )
    decided_to: MomentInQuery | None = Field(
        default=None, description="Before when it was decided or ended otherwise."
    )
    outcome: Ending | None = Field(default=None, description="How it ended.")
    decided_by: UUID | None = Field(default=None, description="Id of the user who decided.")

    @property
    def ended(self) -> Ended | None:
        """Return which of those that were decided are asked for; None for any request.

        Raises: InvalidInput.
        """
        given = [name for name in _OF_ENDED if getattr(self, name) is not None]
        if not given:
            return None
        if self.status is RequestStatus.PENDING:
            message = "What is pending was not decided. Leave out `status`, or this."
            errors = tuple(FieldError(f"/{each}", message) for each in given)
            raise InvalidInput(message, errors=errors)
        outcome = self.outcome or Ending.ENDED
        since, until = self.decided_from, self.decided_to
        return Ended.within(since, until, outcome, self.decided_by, "decided_to")


def listed(workspace: Workspace, query: InputRequestQuery) -> Page[InputRequest]:
    """Return a page, the newest first; of what was decided what was decided last."""
    filters = InputRequestFilter(
        session_id=query.session_id,
        agent_id=query.agent_id,
        execution_id=query.execution_id,
        kind=query.kind,
        status=None if query.status is None else query.status.stored,
        key=query.key,
        tag=query.tag,
        reference=query.reference,
    )
    ended = query.ended
    if ended is None:
        return list_input_requests(workspace, filters, query.page)
    same = {name: value for name, value in asdict(filters).items() if name != "is_pending"}
    decided = ListedFilter(
        **same,
        view=ListView.DECIDED,
        ended=ended,
        counted_as=counted_as(workspace.id, ended),
    )
    return list_page(workspace, decided, query.page, with_requester=True)
