"""A message as it is sent: made of what there is to tell in the moment in which it is sent.

Whatever an agent wrote is bounded here to a line, with what nobody would see marked. Addresses are
paths; who sends puts the server's own before them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from opensink_web.channels.base import (
    FACT_MAX,
    HEADLINE_MAX,
    TITLE_MAX,
    Button,
    Item,
    Message,
    one_line,
)
from opensink_web.errors import UnreadableSecret
from opensink_web.models import (
    Batch,
    Execution,
    InputRequest,
    InputRequestStatus,
    Notification,
    NotificationEvent,
    NotificationMessage,
    Workspace,
    db,
)
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.notifications.button import buttons_of
from opensink_web.operations.notifications.recipients import REQUESTS
from opensink_web.operations.requests.row_text import row_text_of

ITEMS_MAX = 20
"""So many requests a message names; the others it counts."""
_NAME_MAX = 80


def compose(
    message: NotificationMessage,
    workspace: Workspace,
    items: Sequence[Notification],
    withdrawn: NotificationMessage | None = None,
    outcome: str | None = None,
    reader: Principal | None = None,
) -> Message:
    """Return a message about these notifications; `withdrawn` is the one that it takes back.

    With a `reader` it has buttons for what they may decide.
    """
    shown = _latest_of_each(items)
    decider_id = reader.user.id if reader and reader.may(REQUESTS, Action.WRITE) else None
    named = _items_of(shown[:ITEMS_MAX], workspace, decider_id)
    inbox = inbox_path(workspace)
    return Message(
        kind=message.kind,
        headline=withdrawn.headline
        if withdrawn and withdrawn.headline
        else _headline(shown, named),
        items=tuple(named),
        more_count=len(shown) - len(named),
        url=named[0].url if len(shown) == 1 and named else inbox,
        workspace=one_line(workspace.name, _NAME_MAX),
        sender_id=f"{message.id}.{message.round}" if message.round else str(message.id),
        tag=str(shown[0].request_id if len(shown) == 1 else (withdrawn or message).id),
        refers_to=withdrawn.provider_ref if withdrawn else None,
        outcome=outcome or message.reason,
        settings_url=settings_path(workspace),
    )


def test_message(message: NotificationMessage, workspace: Workspace) -> Message:
    """Return a message that says that messages arrive."""
    return replace(
        compose(message, workspace, ()),
        headline="This is a test",
        outcome="Messages of OpenSink arrive here.",
        url=settings_path(workspace),
    )


def confirmation(message: NotificationMessage, workspace: Workspace, code: str) -> Message:
    """Return a message with the code that shows that a place is somebody's own."""
    return replace(
        compose(message, workspace, ()),
        headline="Confirm that this is yours",
        outcome=f"Your code: {code}. Enter it on the page that asked for this address.",
        url="",
        settings_url="",
    )


def inbox_path(workspace: Workspace) -> str:
    """Return where what waits is listed."""
    return f"/w/{workspace.slug}/inbox"


def settings_path(workspace: Workspace) -> str:
    """Return where people say what they want to be told."""
    return f"/w/{workspace.slug}/notifications"


def request_path(workspace: Workspace, request_id: UUID) -> str:
    """Return where a request is shown and decided."""
    return f"/w/{workspace.slug}/requests/{request_id}"


def batch_path(workspace: Workspace, batch_id: UUID) -> str:
    """Return where a batch is shown, from which its calls are decided on."""
    return f"/w/{workspace.slug}/batches/{batch_id}"


def addressed(message: Message, public_url: str) -> Message:
    """Return the message with whole addresses."""

    def whole(path: str) -> str:
        return f"{public_url}{path}" if path else ""

    return replace(
        message,
        items=tuple(
            replace(
                each,
                url=whole(each.url),
                buttons=tuple(replace(button, url=whole(button.url)) for button in each.buttons),
            )
            for each in message.items
        ),
        url=whole(message.url),
        settings_url=whole(message.settings_url),
    )


def _latest_of_each(items: Sequence[Notification]) -> list[Notification]:
    """Return one notification of each request: what happened to it last."""
    return list({each.request_id: each for each in items}.values())


def _headline(items: Sequence[Notification], named: Sequence[Item]) -> str:
    if len(items) != 1:
        return _of_many(items)
    title = named[0].title
    if not title:
        return _without_details(items[0].event)
    return one_line(f"{_before_title(items[0].event)}{title}", HEADLINE_MAX)


def _of_many(items: Sequence[Notification]) -> str:
    said = sum(each.event is NotificationEvent.REMARKED for each in items)
    waiting = len(items) - said
    comments = f"{said:,} comments mention you" if said > 1 else "a comment mentions you"
    if said and not waiting:
        return comments
    requests = "A request waits for you" if waiting == 1 else f"{waiting:,} requests wait for you"
    return f"{requests}, {comments}" if said else requests


def _before_title(event: NotificationEvent) -> str:
    match event:
        case NotificationEvent.ASKED | NotificationEvent.BATCH_ASKED:
            return ""
        case NotificationEvent.ASSIGNED:
            return "Assigned to you: "
        case NotificationEvent.MENTIONED | NotificationEvent.REMARKED:
            return "You are mentioned: "
        case NotificationEvent.REMINDER:
            return "Still waiting: "
        case NotificationEvent.ESCALATION:
            return "Needs somebody: "
        case _:
            assert_never(event)


def _without_details(event: NotificationEvent) -> str:
    match event:
        case NotificationEvent.ASKED:
            return "A request waits for you"
        case NotificationEvent.BATCH_ASKED:
            return "The calls of a batch wait for you"
        case NotificationEvent.ASSIGNED:
            return "A request was assigned to you"
        case NotificationEvent.MENTIONED | NotificationEvent.REMARKED:
            return "A comment mentions you"
        case NotificationEvent.REMINDER:
            return "A request still waits for you"
        case NotificationEvent.ESCALATION:
            return "A request needs somebody"
        case _:
            assert_never(event)


def _items_of(
    items: Sequence[Notification], workspace: Workspace, decider_id: UUID | None
) -> list[Item]:
    """Return what is told of each; nothing but where it is, where no details are wanted."""
    batch_ids = [each.request_id for each in items if _is_of_batch(each)]
    requests = _requests([each.request_id for each in items if not _is_of_batch(each)])
    batches = _batches(batch_ids)
    described = []
    for item in items:
        if _is_of_batch(item):
            described.append(_batch_item(item, batches.get(item.request_id), workspace))
        else:
            request = requests.get(item.request_id)
            described.append(_request_item(item, request, workspace, decider_id))
    return described


def _is_of_batch(item: Notification) -> bool:
    return item.event is NotificationEvent.BATCH_ASKED


def _requests(request_ids: Sequence[UUID]) -> Mapping[UUID, InputRequest]:
    query = (
        select(InputRequest)
        .options(joinedload(InputRequest.agent), joinedload(InputRequest.execution))
        .where(InputRequest.id.in_(request_ids))
    )
    return {each.id: each for each in db.session.scalars(query)}


def _batches(batch_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Batch, int]]:
    batches = {}
    for batch in db.session.scalars(select(Batch).where(Batch.id.in_(batch_ids))):
        waiting = select(func.count()).where(
            InputRequest.workspace_id == batch.workspace_id,
            InputRequest.batch_id == batch.id,
            InputRequest.status == InputRequestStatus.PENDING,
        )
        batches[batch.id] = (batch, db.session.scalar(waiting) or 0)
    return batches


def _request_item(
    item: Notification,
    request: InputRequest | None,
    workspace: Workspace,
    decider_id: UUID | None,
) -> Item:
    url = request_path(workspace, item.request_id)
    if request is None:
        return Item(str(item.request_id), "", "", (), url, 0)
    buttons: tuple[Button, ...] = ()
    if decider_id is not None:
        buttons = buttons_of(request, workspace, decider_id, with_details=item.with_details)
    if not item.with_details:
        return Item(str(request.id), "", "", (), url, request.priority, buttons)
    return Item(
        request_id=str(request.id),
        title=one_line(request.title, TITLE_MAX),
        asked_by=one_line(_asked_by(request.agent, request.execution), _NAME_MAX),
        facts=_facts_of(request),
        url=url,
        priority=request.priority,
        buttons=buttons,
    )


def _asked_by(agent: object, execution: Execution | None) -> str:
    if execution is not None:
        return f"{execution.target_namespace}/{execution.target_name}"
    return str(getattr(agent, "name", ""))


def _facts_of(request: InputRequest) -> tuple[str, ...]:
    """Return the key facts: a call's input, or how the message begins; secrets are left out."""
    try:
        text = row_text_of(request)
    except UnreadableSecret:
        return ()
    line = one_line(text.facts or text.excerpt, FACT_MAX)
    return (line,) if line else ()


def _batch_item(item: Notification, known: tuple[Batch, int] | None, workspace: Workspace) -> Item:
    url = batch_path(workspace, item.request_id)
    if known is None or not item.with_details:
        return Item(str(item.request_id), "", "", (), url, 0)
    batch, count = known
    name = one_line(batch.full_name, _NAME_MAX)
    calls = "1 call waits" if count == 1 else f"{count:,} calls wait"
    return Item(str(batch.id), f"{calls} for approval: {name}", name, (), url, 0)
