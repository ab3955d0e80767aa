"""What every shape shares: bodies, queries, answers, pages and what stands in a path.

The shapes themselves stand beside their views, one file per noun. They are strict: a text is no
number, and a moment has its zone (RFC 3339).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, Self, TypeAlias, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    RootModel,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from opensink_web.models import WEB_ADDRESS, is_web_address
from opensink_web.operations.page import LIMIT_DEFAULT, LIMIT_MAX, TRAIL, Page, PageRequest

JsonObject: TypeAlias = dict[str, JsonValue]
Line: TypeAlias = Annotated[str, Field(min_length=1, max_length=255)]
"""A text that fits where names and titles are shown."""


Name: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=255, pattern=r"[^\s\x00-\x1f\x7f-\x9f]")
]
"""A line in which there is something to see."""

PathName: TypeAlias = Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_-]*$", max_length=255)]
"""A namespace or name that stands in a path."""


TraceId: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
"""The id of a W3C trace."""


def path_adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what reads a part of a path that a view annotates as `kind`."""
    return TypeAdapter(_PathId if kind is UUID else kind)


def _canonical(text: str) -> str:
    # UUID() alone takes braces, and goes without hyphens
    if not text.isascii() or str(UUID(text)) != text.lower():
        raise ValueError("not written as a UUID")
    return text


_PathId: TypeAlias = Annotated[UUID, BeforeValidator(_canonical)]


def _digits(text: object) -> object:
    # int() alone takes "1_0" and " 7" too
    if isinstance(text, str) and not (text.isascii() and text.isdigit()):
        raise PydanticCustomError("whole_number", "This must be a whole number.")
    return text


DIGITS = BeforeValidator(_digits)
"""Stands last in the annotation of a parameter that is a whole number."""


def _whole(number: object) -> object:
    # to JSON Schema 2.0 is an integer (2020-12, section 4.2.3)
    return int(number) if isinstance(number, float) and number.is_integer() else number


WHOLE = BeforeValidator(_whole)
"""Stands last in the annotation of a whole number in a body that has a range and may be null."""

Whole: TypeAlias = Annotated[int, WHOLE]
"""A whole number in a body, also one that is written with a point."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("datetime_parsing", "out of range") from None


def _web_address(href: str) -> str:
    if not is_web_address(href):
        raise PydanticCustomError("web_address", "not a web address")
    return href


WebAddress: TypeAlias = Annotated[
    str, AfterValidator(_web_address), Field(json_schema_extra={"pattern": WEB_ADDRESS})
]
"""A full address of another site, which a person may be led to."""

Moment: TypeAlias = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A date and time with its zone (RFC 3339), read as UTC."""


def _not_a_number(text: object) -> object:
    # pydantic takes seconds since 1970 too
    if isinstance(text, str) and "-" not in text[1:]:
        raise PydanticCustomError("datetime_parsing", "This must be a date and time.")
    return text


MomentInQuery: TypeAlias = Annotated[Moment, BeforeValidator(_not_a_number)]
"""The same as a parameter, which comes as a text."""


class Received(BaseModel):
    """A body. Fields it does not know are refused, save those that the server itself sets."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    server_set: ClassVar[frozenset[str]] = frozenset()
    """Fields of the resource that a client may echo, and that change nothing."""


def _drop_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class Change(Received):
    """A body of which only the fields that are sent count: see given().

    The defaults stand for "not sent" and mean nothing, so no document shows them.
    """

    model_config = ConfigDict(json_schema_extra=_drop_defaults)

    def given(self) -> Any:
        """Return the fields that were sent, by name; a dict, as operations take changes."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Query(BaseModel):
    """The parameters after the `?`; texts all of them, so numbers are read out of texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX), DIGITS] = Field(
        default=LIMIT_DEFAULT, alias="$limit", description="How many items at most."
    )
    trail: Annotated[str, Field(json_schema_extra={"pattern": TRAIL})] | None = Field(
        default=None, alias="$trail", description="The cursor that the page before gave."
    )

    @property
    def page(self) -> PageRequest:
        """What operations take."""
        return PageRequest(self.limit, self.trail)


SLICE_MAX = 1000
SliceStart: TypeAlias = Annotated[
    int, Field(ge=0, lt=2**31, description="How many items to leave out."), DIGITS
]
SliceLimit: TypeAlias = Annotated[
    int, Field(ge=1, le=SLICE_MAX, description="How many items at most."), DIGITS
]
"""Lists that are bare arrays are read by offset, as existing clients do."""


class ResponseModel(BaseModel):
    """A body that is answered, read from a row's attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    shown_once: ClassVar[frozenset[str]] = frozenset()
    """Fields that a replayed answer leaves null, because they are kept nowhere."""

    @classmethod
    def of(cls, row: object) -> Self:
        """Read the answer from a row. Raises: UnreadableSecret."""
        try:
            return cls.model_validate(row)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                if each["type"] == "get_attribute_error":
                    getattr(row, str(each["loc"][0]))  # raises what pydantic has wrapped
            raise

    _headers: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def http_headers(self) -> Mapping[str, str]:
        """What is sent as headers with the answer."""
        return self._headers

    def to_json(self) -> str:
        """Write the answer as it is sent."""
        return self.model_dump_json(by_alias=True)

    def to_kept_json(self) -> str:
        """Write the answer as it may be stored."""
        return self.model_copy(update=dict.fromkeys(self.shown_once)).to_json()


class PersonResponse(ResponseModel):
    """Somebody who did something."""

    id: UUID
    email: str


Item = TypeVar("Item", bound=ResponseModel)
Row = TypeVar("Row")


class PageResponse(ResponseModel, Generic[Item]):
    """Some items, newest first, and the cursor of the next page if there is one."""

    items: list[Item]
    trail: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name a page for its items: AgentResponse makes AgentPage."""
        return str(params[0].__name__).removesuffix("Response") + "Page"


NEXT_CURSOR_HEADER = "X-Next-Cursor"
TRUNCATED_HEADER = "X-Truncated"


class ListResponse(ResponseModel, RootModel[list[Item]], Generic[Item]):
    """A bare array, for clients that expect one; that there is more its headers say."""

    def followed_by(self, cursor: str) -> Self:
        """Say how the items that follow are read."""
        self._headers[NEXT_CURSOR_HEADER] = cursor
        return self

    def cut(self) -> Self:
        """Say that there is more, to clients that asked for no page and may take it for all."""
        self._headers[TRUNCATED_HEADER] = "true"
        return self

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name a list for its items: ExecutionResponse makes ExecutionList."""
        return str(params[0].__name__).removesuffix("Response") + "List"


def page_response(page: Page[Row], item_of: Callable[[Row], Item]) -> PageResponse[Item]:
    """Write each row of a page."""
    return PageResponse[Item](items=[item_of(row) for row in page.items], trail=page.trail)
