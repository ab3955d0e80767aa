"""/notification-channels: where one's own notifications go, and by which rules.

Everybody has their own, whatever their role: no route reads or changes anybody else's. Secrets go
in and never come out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from flask import current_app
from pydantic import Field

from opensink_web.channels import CHANNELS
from opensink_web.channels.base import FieldKind
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    WHOLE,
    Change,
    Name,
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.errors import FieldError, InvalidInput, UnreadableSecret, WrongCode
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    MessageStatus,
    NotificationChannel,
    NotificationMessage,
    NotificationMode,
    NotificationRule,
    NotificationScope,
    db,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.notifications import channel as channels
from opensink_web.operations.notifications import queries
from opensink_web.operations.notifications import rule as rules
from opensink_web.operations.requests.options import PRIORITY_MAX, TAG_LENGTH_MAX
from opensink_web.services import EXTENSION, Services

routes = Routes(
    "notifications",
    title="Notifications",
    about="One's own channels, the rules that say of what one is told there, and what was sent.",
)

_CHANNELS = "/notification-channels"
_CHANNEL = _CHANNELS + "/{channel_id}"
_RULE = "/notification-rules/{rule_id}"
_SERVER_SET = frozenset(
    ("id", "workspace_id", "kind", "place", "is_confirmed", "paused_reason", "rules", "created_at")
)
_Kind = Literal["email", "slack", "ntfy"]
"""Those that are set up by typing: a browser sets itself up on its page."""
_Name = Annotated[Name, Field(max_length=channels.NAME_LENGTH_MAX)]
_VALUE = Annotated[str, Field(max_length=2048)]
_FIELDS = "What the kind takes, see the documentation of channels. Secrets are not read again"
_Config = Annotated[dict[str, _VALUE], Field(max_length=10, description=f"{_FIELDS}.")]
_Changed = Annotated[
    dict[str, _VALUE | None],
    Field(max_length=10, description=f"{_FIELDS}. What is left out stays, null removes."),
]


class RuleBody(Received):
    """Of which requests one is told, and when. What is left out narrows nothing."""

    server_set = frozenset({"id", "channel_id", "created_at"})

    scope: NotificationScope = Field(default=NotificationScope.ALL, strict=False)
    agent_id: UUID | None = Field(default=None, strict=False)
    function_id: UUID | None = Field(default=None, strict=False)
    key: Annotated[str, Field(max_length=255)] | None = None
    tag: Annotated[str, Field(max_length=TAG_LENGTH_MAX)] | None = None
    min_priority: Annotated[int, Field(ge=0, le=PRIORITY_MAX), WHOLE] | None = None
    mode: NotificationMode = Field(default=NotificationMode.AT_ONCE, strict=False)
    digest_minutes: Annotated[int, Field(ge=1, le=rules.DIGEST_MINUTES_MAX), WHOLE] = 60
    with_details: bool = True

    def terms(self) -> rules.RuleTerms:
        """Return what operations take."""
        return rules.RuleTerms(**{name: getattr(self, name) for name in RuleBody.model_fields})


class RuleResponse(ResponseModel):
    id: UUID
    channel_id: UUID
    scope: NotificationScope
    agent_id: UUID | None
    function_id: UUID | None
    key: str | None
    tag: str | None
    min_priority: int | None
    mode: NotificationMode
    digest_minutes: int
    with_details: bool

    @classmethod
    def shown(cls, rule: NotificationRule) -> "RuleResponse":
        """Return what is said of a rule."""
        return cls(**{name: getattr(rule, name) for name in cls.model_fields})


class ChannelCreate(Received):
    """A channel of one's own."""

    server_set = _SERVER_SET - {"kind"}

    kind: _Kind
    name: _Name | None = None
    config: _Config


class ChannelChange(Change):
    """What of a channel to change; another place may have to be confirmed anew."""

    server_set = _SERVER_SET

    name: _Name = ""
    is_active: bool = True
    config: _Changed = {}


class CodeBody(Received):
    """The code that was sent to a place."""

    code: Annotated[str, Field(max_length=20)]


class ChannelResponse(ResponseModel):
    id: UUID
    workspace_id: UUID
    kind: str
    name: str
    place: str = Field(description="Where it leads, for people, without what is secret.")
    config: dict[str, str] = Field(description="What is not secret of it.")
    is_active: bool
    is_confirmed: bool = Field(description="Nothing but a code is sent there before.")
    paused_reason: str | None = Field(description="Why it stopped by itself.")
    rules: list[RuleResponse]
    created_at: datetime

    @classmethod
    def shown(cls, row: NotificationChannel) -> "ChannelResponse":
        """Return what is said of a channel."""
        kind = CHANNELS[row.kind]
        try:
            config, place = row.config, kind.shown(row.config)
        except UnreadableSecret as error:
            config, place = {}, error.message
        open_fields = [each.name for each in kind.fields if each.kind is not FieldKind.SECRET]
        return cls(
            id=row.id,
            workspace_id=row.workspace_id,
            kind=row.kind,
            name=row.name,
            place=place,
            config={name: str(config[name]) for name in open_fields if name in config},
            is_active=row.is_active,
            is_confirmed=row.confirmed_at is not None,
            paused_reason=row.paused_reason,
            rules=[RuleResponse.shown(each) for each in row.rules],
            created_at=row.created_at,
        )


class MessageResponse(ResponseModel):
    """A message to oneself; read it again to learn how it went."""

    id: UUID
    channel_id: UUID
    kind: str
    status: MessageStatus
    headline: str | None
    last_error: str | None
    attempt_count: int
    next_at: datetime | None = Field(description="When it is tried again, while it is due.")
    finished_at: datetime | None
    created_at: datetime

    @classmethod
    def shown(cls, row: NotificationMessage) -> "MessageResponse":
        """Return what is said of a message."""
        is_due = row.status is MessageStatus.DUE
        names = ("id", "channel_id", "status", "headline", "last_error", "attempt_count")
        return cls(
            **{name: getattr(row, name) for name in names},
            kind=str(row.kind),
            next_at=row.next_at if is_due else None,
            finished_at=row.finished_at,
            created_at=row.created_at,
        )


ChannelPage = PageResponse[ChannelResponse]
MessagePage = PageResponse[MessageResponse]


@routes.get(_CHANNELS, summary="List one's own channels, with their rules.")
def list_channels(principal: Principal, query: PageQuery) -> ChannelPage:
    page = queries.list_channels(principal.workspace, principal.user, query.page)
    return page_response(page, ChannelResponse.shown)


@routes.post(
    _CHANNELS,
    summary="Set a channel up, which tells of everything at once until its rules say otherwise.",
    errors=(404, 409, 429),
    example=Example(body={"kind": "ntfy", "name": "Phone", "config": {"topic": "purchasing-7Hk2"}}),
)
def create_channel(principal: Principal, body: ChannelCreate) -> ChannelResponse:
    services, kind = _services(), CHANNELS[body.kind]
    channels.count_code(services.limiter, principal, kind)
    with _in_config(body.kind):
        config: JSONObject = {**body.config}
        row = channels.add_channel(
            principal, body.kind, body.name or "", config, services.channel_tools
        )
    return ChannelResponse.shown(row)


@routes.get(_CHANNEL, summary="Read one of one's own channels.")
def get_channel(principal: Principal, channel_id: UUID) -> ChannelResponse:
    return ChannelResponse.shown(
        queries.find_channel(principal.workspace, principal.user, channel_id)
    )


@routes.patch(
    _CHANNEL,
    summary="Change a channel, pause it or go on with it.",
    errors=(409, 429),
    example=Example(body={"name": "Telephone", "is_active": False}),
)
def update_channel(principal: Principal, channel_id: UUID, body: ChannelChange) -> ChannelResponse:
    services, given = _services(), body.given()
    row = queries.find_channel(principal.workspace, principal.user, channel_id)
    if given.keys() & {"name", "config"}:
        config = _merged(row, given.get("config", {}))
        if config != row.config:
            channels.count_code(services.limiter, principal, CHANNELS[row.kind])
        with _in_config(row.kind):
            name, tools = given.get("name", row.name), services.channel_tools
            channels.change_channel(principal, channel_id, name, config, tools)
    if "is_active" in given:
        channels.set_active(principal, channel_id, is_active=body.is_active)
    return ChannelResponse.shown(row)


@routes.delete(_CHANNEL, summary="Remove a channel, its rules and what was sent there.")
def delete_channel(principal: Principal, channel_id: UUID) -> None:
    channels.remove_channel(principal, channel_id)


@routes.post(
    _CHANNEL + "/confirm",
    summary="Enter the code that was sent to a channel's place.",
    status=200,
    errors=(409,),
    example=Example(body={"code": "{code}"}),
)
def confirm_channel(principal: Principal, channel_id: UUID, body: CodeBody) -> ChannelResponse:
    if not channels.confirm(principal, channel_id, body.code):
        message = "That is not the code that was sent last."
        raise WrongCode(message, errors=(FieldError("/code", message),))  # a try is used up
    row = queries.find_channel(principal.workspace, principal.user, channel_id)
    return ChannelResponse.shown(row)


@routes.post(
    _CHANNEL + "/test",
    summary="Send a message that says that messages arrive there.",
    status=202,
    errors=(409,),
)
def test_channel(principal: Principal, channel_id: UUID) -> MessageResponse:
    message_id = channels.send_test(principal, channel_id)
    return MessageResponse.shown(
        queries.find_message(principal.workspace, principal.user, message_id)
    )


@routes.post(
    _CHANNEL + "/rules",
    summary="Add a rule to a channel.",
    errors=(409,),
    example=Example(body={"scope": "mine", "key": "order", "mode": "digest", "digest_minutes": 30}),
)
def create_rule(principal: Principal, channel_id: UUID, body: RuleBody) -> RuleResponse:
    rule = rules.add_rule(principal, channel_id, body.terms())
    db.session.flush()
    return RuleResponse.shown(rule)


@routes.put(
    _RULE,
    summary="Say anew what one of one's own rules says.",
    example=Example(body={"scope": "mentions", "with_details": False}),
)
def replace_rule(principal: Principal, rule_id: UUID, body: RuleBody) -> RuleResponse:
    return RuleResponse.shown(rules.change_rule(principal, rule_id, body.terms()))


@routes.delete(_RULE, summary="Remove one of one's own rules.")
def delete_rule(principal: Principal, rule_id: UUID) -> None:
    rules.remove_rule(principal, rule_id)


@routes.get("/notification-messages", summary="List what one was sent, the newest first.")
def list_messages(principal: Principal, query: PageQuery) -> MessagePage:
    page = queries.messages_of(principal.workspace, principal.user, query.page)
    return page_response(page, MessageResponse.shown)


@routes.get("/notification-messages/{message_id}", summary="Read how a message to oneself went.")
def get_message(principal: Principal, message_id: UUID) -> MessageResponse:
    return MessageResponse.shown(
        queries.find_message(principal.workspace, principal.user, message_id)
    )


def _merged(row: NotificationChannel, changes: dict[str, str | None]) -> JSONObject:
    """Return a configuration with changes, null taking something out. Raises: InvalidInput."""
    if changes and CHANNELS[row.kind].is_added_by_device:
        message = "A browser sets this up by itself."
        raise InvalidInput(message, errors=(FieldError("/config", message),))
    merged: JSONObject = {**row.config, **changes}
    return {name: value for name, value in merged.items() if value is not None}


@contextmanager
def _in_config(kind: str) -> Iterator[None]:
    """Have what a kind of channel refuses name its place in the body."""
    names = {each.name for each in CHANNELS[kind].fields}
    try:
        yield
    except InvalidInput as error:
        errors = [
            FieldError(f"/config{each.path}", each.message) if each.path[1:] in names else each
            for each in error.errors
        ]
        raise InvalidInput(error.message, errors=tuple(errors)) from None


def _services() -> Services:
    services: Services = current_app.extensions[EXTENSION]
    return services
