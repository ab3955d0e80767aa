"""Buttons of a message: what its reader may decide of a request without filling anything in.

Each leads to a page that shows the request and asks once more (web/requests/decision_link.py).
"""

from uuid import UUID

from opensink_web.channels.base import Button, one_line
from opensink_web.errors import UnreadableSecret
from opensink_web.models import InputRequest, InputRequestKind, InputRequestStatus, Workspace
from opensink_web.operations.decisions.authority import why_not_decided_by
from opensink_web.operations.decisions.bulk import Verdict
from opensink_web.operations.requests.row_text import LABEL_LENGTH, click_of
from opensink_web.operations.requests.step import step_now
from opensink_web.schema.one_click import APPROVE, NO, YES, OneClick

DECLINE = "Decline"


def buttons_of(
    request: InputRequest, workspace: Workspace, reader_id: UUID, *, with_details: bool
) -> tuple[Button, ...]:
    """Return what somebody may decide, none where they may not; paths for addresses.

    Without details the words are the same for every request.
    """
    if request.status is not InputRequestStatus.PENDING:
        return ()
    if why_not_decided_by(request, step_now(request), reader_id):
        return ()
    try:
        click = click_of(request)
    except UnreadableSecret:
        return ()
    words: dict[Verdict, str] = {}
    if click is not None:
        words[Verdict.YES] = _yes(request, click, with_details=with_details)
        if click.no is not None:
            words[Verdict.NO] = click.no_label if with_details else NO
    if Verdict.NO not in words and request.allow_decline:
        words[Verdict.DECLINE] = DECLINE
    return tuple(
        Button(one_line(text, LABEL_LENGTH), decision_path(workspace, request.id, verdict))
        for verdict, text in words.items()
    )


def decision_path(workspace: Workspace, request_id: UUID, verdict: Verdict) -> str:
    """Return where it is asked once more whether that is to be decided."""
    return f"/w/{workspace.slug}/requests/{request_id}/decide/{verdict}"


def _yes(request: InputRequest, click: OneClick, *, with_details: bool) -> str:
    if with_details:
        return click.yes_label
    return APPROVE if request.kind is InputRequestKind.APPROVAL else YES
