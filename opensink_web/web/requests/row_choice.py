"""What can be decided of a request in its row of a list, and how a page names the rows it means."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from opensink_web.errors import InvalidInput, UnreadableSecret
from opensink_web.models import InputRequest, InputRequestStatus
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.row_text import RowText, is_seen_whole
from opensink_web.schema.one_click import APPROVE, NO, YES, one_click


@dataclass(frozen=True, slots=True)
class Mark:
    """A request, and the digest of what a page shows of it."""

    request_id: UUID
    seen: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what a page sends back. Raises: InvalidInput."""
        request_id, _, seen = text.partition(".")
        try:
            return cls(UUID(request_id), seen)
        except ValueError:
            raise InvalidInput("A row that was chosen is none of this list's.") from None

    def __str__(self) -> str:
        return f"{self.request_id}.{self.seen}"


@dataclass(frozen=True, slots=True)
class RowChoice:
    """What a row offers: the words of the answers that one click gives, None for those it does not.

    Where neither is offered, the request has to be opened; `needs_look` where one click would do if
    all of it were to be seen in the row. `question` is what the answers answer.
    """

    mark: Mark
    yes: str | None
    no: str | None
    question: str
    may_decline: bool
    needs_look: bool

    @property
    def has_own_words(self) -> bool:
        """Return True if the answers are called otherwise than everywhere, and no sign will do."""
        return not {self.yes, self.no} <= {YES, NO, APPROVE, None}


def choice_of(request: InputRequest, text: RowText) -> RowChoice | None:
    """Return what can be decided of a request in its row; None once it does not wait any more."""
    if request.status is not InputRequestStatus.PENDING:
        return None
    try:
        click = one_click(request.schema, request.proposed_response)
        mark = Mark(request.id, digest_of_request(request))
    except UnreadableSecret:
        return None
    # what else is asked, or goes into the answer, is not to be seen in the row
    has_all = click is not None and is_seen_whole(click) and text.is_whole
    return RowChoice(
        mark=mark,
        yes=click.yes_label if click and has_all else None,
        no=click.no_label if click and has_all and click.no is not None else None,
        question=click.question if click and has_all else "",
        may_decline=request.allow_decline,
        needs_look=click is not None and not has_all,
    )
