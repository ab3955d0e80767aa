"""What may be sent with a request besides the question, as it is read from a body."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from opensink_web.contract.shapes import (
    WHOLE,
    JsonObject,
    Line,
    Moment,
    Received,
    ResponseModel,
    WebAddress,
)
from opensink_web.models import OnExpire
from opensink_web.operations.requests.options import (
    CONTEXT_MAX,
    PRIORITY_MAX,
    TAG_LENGTH_MAX,
    TAGS_MAX,
    RequestOptions,
)

ADDRESS_LENGTH_MAX = 2048
_VISIBLE = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
"""One line in which there is something to see."""

Tag: TypeAlias = Annotated[str, Field(min_length=1, max_length=TAG_LENGTH_MAX, pattern=_VISIBLE)]
Reference: TypeAlias = Annotated[str, Field(min_length=1, max_length=255, pattern=_VISIBLE)]
ContextType: TypeAlias = Literal["link", "attachment"]


class ContextLink(Received):
    """Where a person reads more: it leads to another site, and is shown so."""

    text: Line
    href: Annotated[WebAddress, Field(max_length=ADDRESS_LENGTH_MAX)]
    type: ContextType = "link"


class ContextLinkResponse(ResponseModel):
    text: str
    href: str
    type: ContextType


class OptionFields(Received):
    """The fields themselves, of a question and of what it is superseded by."""

    priority: Annotated[int, Field(ge=0, le=PRIORITY_MAX), WHOLE] = Field(
        default=0, description="The most urgent is 100."
    )
    tags: Annotated[list[Tag], Field(max_length=TAGS_MAX)] = Field(
        default=[], description="Words by which requests are found; each counts once."
    )
    reference: Reference | None = Field(
        default=None, description="Your own number of what this is about, such as an order's."
    )
    context: Annotated[list[ContextLink], Field(max_length=CONTEXT_MAX)] = Field(
        default=[], description="Links that are shown beside the message, in this order."
    )
    allow_decline: bool = Field(
        default=True, description="Whether a person may decline instead of answering."
    )
    expires_at: Moment | None = Field(
        default=None, description="The deadline, in the future; null is none."
    )
    on_expire: OnExpire = Field(
        default=OnExpire.NONE,
        description="What a deadline does when nobody has decided: the request expires, is"
        " declined, or is answered with default_response.",
    )
    default_response: JsonObject | None = Field(
        default=None, description="The answer of `on_expire: default`; it has to fit the schema."
    )

    @property
    def options(self) -> RequestOptions:
        """What operations take."""
        return RequestOptions(
            allow_decline=self.allow_decline,
            priority=self.priority,
            tags=tuple(self.tags),
            reference=self.reference,
            context=[link.model_dump() for link in self.context],
            expires_at=self.expires_at,
            on_expire=self.on_expire,
            default_response=self.default_response,
        )
