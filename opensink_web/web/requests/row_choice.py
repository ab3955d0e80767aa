"""What can be decided of a request in its row of a list, and how a page names the rows it means."""

from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from opensink_web.errors import InvalidInput, UnreadableSecret
from opensink_web.models import InputRequest, InputRequestStatus
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.row_text import (
    RowText,
    Shown,
    WholeText,
    asked_by,
    click_of,
    is_seen_whole,
    whole_text_of,
)
from opensink_web.schema.one_click import APPROVE, NO, YES


@dataclass(frozen=True, slots=True)
class Mark:
    """A request, the digest of what a page shows of it, and how much of that is seen there."""

    request_id: UUID
    seen: str
    shown: Shown = Shown.IN_A_LINE

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what a page sends back. Raises: InvalidInput."""
        request_id, _, rest = text.partition(".")
        seen, _, shown = rest.partition(".")
        try:
            return cls(UUID(request_id), seen, Shown(shown) if shown else Shown.IN_A_LINE)
        except ValueError:
            raise InvalidInput("A row that was chosen is none of this list's.") from None

    def __str__(self) -> str:
        whole = f".{self.shown}" if self.shown is Shown.WHOLE else ""
        return f"{self.request_id}.{self.seen}{whole}"


@dataclass(frozen=True, slots=True)
class RowChoice:
    """What a row offers: the words of the answers that one click gives, None for those it does not.

    Where neither is offered, the request has to be opened; `needs_look` where one click would do if
    all of it were to be seen in the row, which `whole` is then, for a page that has room for it.
    `question` is what the answers answer.
    """

    mark: Mark
    yes: str | None
    no: str | None
    question: str
    may_decline: bool
    needs_look: bool
    whole: WholeText | None = None

    @property
    def mark_of_whole(self) -> Mark:
        """What a page sends back that shows the request whole, where it can."""
        return replace(self.mark, shown=Shown.WHOLE) if self.whole else self.mark

    @property
    def has_to_be_opened(self) -> bool:
        """Return True if a click could answer it, and no page shows it whole but its own."""
        return self.needs_look and self.whole is None

    @property
    def has_own_words(self) -> bool:
        """Return True if the answers are called otherwise than everywhere, and no sign will do."""
        return self.yes not in {YES, APPROVE, None} or self.no not in {NO, None}


def choice_of(request: InputRequest, text: RowText) -> RowChoice | None:
    """Return what can be decided of a request in its row; None once it does not wait any more."""
    if request.status is not InputRequestStatus.PENDING:
        return None
    try:
        click = click_of(request)
        mark = Mark(request.id, digest_of_request(request))
    except UnreadableSecret:
        return None
    # what else is asked, or goes into the answer, is not to be seen in the row
    has_all = click is not None and is_seen_whole(click) and text.is_whole
    whole = whole_text_of(request, click) if click and not has_all else None
    return RowChoice(
        mark=mark,
        yes=click.yes_label if click and has_all else None,
        no=click.no_label if click and has_all and click.no is not None else None,
        question=asked_by(click) if click and has_all else "",
        may_decline=request.allow_decline,
        needs_look=click is not None and not has_all,
        whole=whole,
    )
