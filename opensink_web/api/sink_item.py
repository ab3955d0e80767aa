"""/sink-items: what is in sinks, put there with a key or with the sink's secret alone."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError

from opensink_web.contract.example import Example
from opensink_web.contract.received import read_value
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    Change,
    JsonObject,
    Line,
    Moment,
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    WebAddress,
    page_response,
)
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.sinks import item as items
from opensink_web.operations.sinks import queries
from opensink_web.operations.sinks.item import (
    BODY_LENGTH_MAX,
    ITEMS_MAX,
    ItemFields,
    NewItem,
    PreparedItem,
)
from opensink_web.operations.sinks.listing import ItemFilter, list_items
from opensink_web.operations.sinks.secret import SECRET_HEADER, require_sink
from opensink_web.operations.sinks.words import FieldFilter

routes = Routes(
    "sink_items",
    title="Sink items",
    about="What is in sinks. A sink's secret, sent as `X-OpenSink-Secret`, is enough to add to it.",
)

_BARE = {"type": ["string", "number", "boolean", "null"]}
_SCALARS = str | int | float | None  # a bool is an int
SEARCH_LENGTH_MAX = 255


def _field_value(value: JsonValue) -> JsonValue:
    inner = value if isinstance(value, list) else [value]
    if not all(isinstance(each, _SCALARS) for each in inner):
        raise PydanticCustomError("field_value", "not a value of a field")
    return value


FieldValue: TypeAlias = Annotated[
    JsonValue,
    AfterValidator(_field_value),
    WithJsonSchema({"anyOf": [_BARE, {"type": "array", "items": _BARE}]}),
]
"""Numbers stay as they are: 1.0 is not 1, and large ones lose no digit."""
Url: TypeAlias = Annotated[WebAddress, Field(max_length=2048)]
Body: TypeAlias = Annotated[str, Field(max_length=BODY_LENGTH_MAX)]


class Resource(Received):
    """Something else that belongs to an item."""

    type: Literal["link"]
    label: Line
    url: Url


class _Said(Received):
    title: Line
    body: Body | None = Field(default=None, description="Markdown.")
    type: Line | None = Field(default=None, description="What sort of thing it is, in a word.")
    url: Url | None = None
    fields: dict[str, FieldValue] | None = None
    resources: list[Resource] | None = None
    occurred_at: Moment | None = None

    def said(self) -> ItemFields:
        """Return what operations take."""
        given: ItemFields = _plain({name: getattr(self, name) for name in _SAID})
        return given


_SAID = tuple(_Said.model_fields)
_SERVER_SET = frozenset({"id", "workspace_id", "created_at", "updated_at"})


class ItemOfSink(_Said):
    """A new item of the sink in the address."""

    server_set = _SERVER_SET

    sink_id: UUID | None = Field(default=None, description="If it is sent, that of the address.")


class SinkItemCreate(_Said):
    """A new item."""

    server_set = _SERVER_SET

    sink_id: UUID

    def new(self) -> NewItem:
        """Return what operations take."""
        return NewItem(self.sink_id, self.said())


class SinkItemChange(Change):
    """What of an item to change; what is left out stays."""

    server_set = _SERVER_SET | {"sink_id"}

    title: Line = ""
    body: Body | None = None
    type: Line | None = None
    url: Url | None = None
    fields: dict[str, FieldValue] | None = None
    resources: list[Resource] | None = None
    occurred_at: Moment | None = None


class ManySinkItems(Received):
    """Items that are created together: all of them, or none if one is not valid."""

    items: list[JsonObject] = Field(
        max_length=ITEMS_MAX, description="Each as `POST /sink-items` takes it."
    )


class ResourceResponse(ResponseModel):
    type: Literal["link"]
    label: str
    url: str


class SinkItemResponse(ResponseModel):
    """An item; `occurred_at` is when what it tells of happened, as whoever sent it says."""

    id: UUID
    sink_id: UUID
    workspace_id: UUID
    title: str
    body: str | None
    type: str | None
    url: str | None
    fields: dict[str, FieldValue]
    resources: list[ResourceResponse]
    occurred_at: datetime | None
    created_at: datetime
    updated_at: datetime


SinkItemPage = PageResponse[SinkItemResponse]


class FailedItem(ResponseModel):
    """One that could not be added, though it is valid."""

    item: JsonObject
    error: str


class InvalidItem(ResponseModel):
    """One that is not valid, and everything that is wrong with it."""

    item: JsonObject
    errors: list[str]


class ManySinkItemsResponse(ResponseModel):
    """What became of each item; where there are `invalid` ones, none was created."""

    created: list[SinkItemResponse]
    failed: list[FailedItem]
    invalid: list[InvalidItem]


class SinkItemQuery(PageQuery):
    sink_id: UUID | None = None
    q: Annotated[str, Field(max_length=SEARCH_LENGTH_MAX)] | None = Field(
        default=None, description="Only those that have each of these words."
    )
    type: str | None = None
    field: str | None = Field(default=None, description="Only those with a field of this name.")
    value: str | None = Field(
        default=None,
        description="Only those that have this value in that field, or in any: as JSON has it, such"
        " as `9.5` or `true`, and a text as it is. Of a list one value is enough.",
    )

    def field_filter(self) -> FieldFilter | None:
        """Return what is asked of a field."""
        if self.field is None and self.value is None:
            return None
        return FieldFilter(self.field, self.value)


_TRADE: JsonObject = {
    "title": "Bought 10 shares of ACME",
    "body": "Below the **limit** of 9.80.",
    "type": "trade",
    "url": "https://broker.example.com/trades/4711",
    "fields": {"shares": 10, "price": 9.5},
    "resources": [
        {"type": "link", "label": "Chart", "url": "https://broker.example.com/charts/ACME"}
    ],
    "occurred_at": "2026-12-01T08:59:12Z",
}
_IN_SINK: JsonObject = {"sink_id": "{sink_id}", **_TRADE}
_MANY = Example(body={"items": [_IN_SINK, {"sink_id": "{sink_id}", "title": "Sold 3 of them"}]})
_ALL_OR_NONE = (
    "Where an item is not valid none is created, and `invalid` says of each that is not what is"
    " wrong. What is valid and cannot be added, because there is no such sink, is in `failed`, and"
    " the others are created."
)


def _prepare(principal: Principal, body: SinkItemCreate) -> PreparedItem:
    """Raises: PermissionMissing."""
    require_sink(principal, body.sink_id)
    return items.prepare_items(principal.workspace, [body.new()])[0]


@routes.post(
    "/sink-items",
    summary="Add an item to a sink.",
    errors=(404,),
    precheck=_prepare,
    takes_sink_secret=True,
    example=Example(body=_IN_SINK),
)
def create_sink_item(
    principal: Principal,
    body: SinkItemCreate,
    checked: PreparedItem,
) -> SinkItemResponse:
    return SinkItemResponse.of(items.add_item(principal.workspace, checked))


def _prepare_in_sink(principal: Principal, sink_id: UUID, body: ItemOfSink) -> PreparedItem:
    """Raises: PermissionMissing; InvalidInput."""
    require_sink(principal, sink_id)
    if body.sink_id not in {None, sink_id}:
        message = "This is not the sink of the address."
        raise InvalidInput(message, errors=(FieldError("/sink_id", message),))
    return items.prepare_items(principal.workspace, [NewItem(sink_id, body.said())])[0]


@routes.post(
    "/sinks/{sink_id}/items",
    summary="Add an item to this sink.",
    precheck=_prepare_in_sink,
    takes_sink_secret=True,
    example=Example(body=_TRADE, headers={SECRET_HEADER: "{sink_secret}"}),
)
def create_item_in_sink(
    principal: Principal,
    sink_id: UUID,
    body: ItemOfSink,
    checked: PreparedItem,
) -> SinkItemResponse:
    return SinkItemResponse.of(items.add_item(principal.workspace, checked))


Read: TypeAlias = tuple[list[PreparedItem], list[InvalidItem]]


def _prepare_many(principal: Principal, body: ManySinkItems) -> Read:
    """Raises: PermissionMissing."""
    new: list[NewItem] = []
    invalid: list[InvalidItem] = []
    for item in body.items:
        if "sink_id" in item:
            require_sink(principal, str(item["sink_id"]))
        try:
            new.append(read_value(item, SinkItemCreate).new())
        except InvalidInput as error:
            wrong = [f"{each.path}: {each.message}" for each in error.errors] or [error.message]
            invalid.append(InvalidItem(item=item, errors=wrong))
    return ([] if invalid else items.prepare_items(principal.workspace, new)), invalid


def _add_many(principal: Principal, body: ManySinkItems, checked: Read) -> ManySinkItemsResponse:
    prepared, invalid = checked
    created, homeless = items.add_items(principal.workspace, prepared)
    # in the same order, as nothing was invalid where anything was prepared
    sent = dict(zip((id(each) for each in prepared), body.items, strict=False))
    return ManySinkItemsResponse(
        created=[SinkItemResponse.of(each) for each in created],
        failed=[
            FailedItem(item=sent[id(each)], error="There is no such sink.") for each in homeless
        ],
        invalid=invalid,
    )


@routes.post(
    "/sink-items/bulk",
    summary="Add many items, or none if one is not valid.",
    status=200,
    precheck=_prepare_many,
    takes_sink_secret=True,
    about=_ALL_OR_NONE,
    example=_MANY,
)
def create_sink_items_in_bulk(
    principal: Principal, body: ManySinkItems, checked: Read
) -> ManySinkItemsResponse:
    return _add_many(principal, body, checked)


@routes.post(
    "/sink-items/many",
    summary="Add many items, or none if one is not valid.",
    status=200,
    precheck=_prepare_many,
    takes_sink_secret=True,
    about=_ALL_OR_NONE,
    example=_MANY,
)
def create_many_sink_items(
    principal: Principal, body: ManySinkItems, checked: Read
) -> ManySinkItemsResponse:
    return _add_many(principal, body, checked)


@routes.get(
    "/sink-items",
    summary="List what is in sinks.",
    example=Example(query={"sink_id": "{sink_id}", "q": "shares acme"}),
)
def list_sink_items(principal: Principal, query: SinkItemQuery) -> SinkItemPage:
    filters = ItemFilter(
        sink_id=query.sink_id, type=query.type, search=query.q, field=query.field_filter()
    )
    page = list_items(principal.workspace, filters, query.page)
    return page_response(page, SinkItemResponse.of)


@routes.get("/sink-items/{item_id}", summary="Read an item.")
def get_sink_item(principal: Principal, item_id: UUID) -> SinkItemResponse:
    return SinkItemResponse.of(queries.find_item(principal.workspace, item_id))


@routes.patch(
    "/sink-items/{item_id}",
    summary="Change an item.",
    example=Example(body={"title": "Bought 10 shares of ACME at 9.50"}),
)
def update_sink_item(principal: Principal, item_id: UUID, body: SinkItemChange) -> SinkItemResponse:
    changes: ItemFields = _plain(body.given())
    return SinkItemResponse.of(items.update_item(principal.workspace, item_id, **changes))


@routes.delete("/sink-items/{item_id}", summary="Delete an item.")
def delete_sink_item(principal: Principal, item_id: UUID) -> None:
    items.delete_item(principal.workspace, item_id)


def _plain(given: dict[str, Any]) -> Any:
    """Return what was given, as operations take it: of resources their values."""
    resources = given.get("resources")
    if resources is None:
        return given
    return given | {"resources": [each.model_dump() for each in resources]}
