"""What is sent of requests: a question with its options, and what is said of one later."""

from typing import Annotated, Any, Literal, Self, TypeAlias, cast
from uuid import UUID

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from opensink_web.api.resume import ResumeBody
from opensink_web.contract.shapes import (
    WHOLE,
    Change,
    JsonObject,
    Line,
    Moment,
    Received,
    ResponseModel,
    WebAddress,
)
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import OnExpire, Quorum
from opensink_web.operations.decisions.decision import REASON_LENGTH_MAX
from opensink_web.operations.decisions.withdrawal import Changes
from opensink_web.operations.requests.assignment import ASSIGNEES_MAX
from opensink_web.operations.requests.options import (
    ADDRESS_LENGTH_MAX,
    ASSIGNEE,
    CONTEXT_MAX,
    PRIORITY_MAX,
    RESPONSES_MAX,
    TAG_LENGTH_MAX,
    TAGS_MAX,
    RequestOptions,
)

_VISIBLE = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
"""One line in which there is something to see."""

AnswerSchema: TypeAlias = Annotated[
    JsonValue, WithJsonSchema({"title": "Schema", "anyOf": [{"type": "object"}, {"const": True}]})
]
"""A JSON Schema that an answer has to fit, in a body that is sent."""

Tag: TypeAlias = Annotated[str, Field(min_length=1, max_length=TAG_LENGTH_MAX, pattern=_VISIBLE)]
Reference: TypeAlias = Annotated[str, Field(min_length=1, max_length=255, pattern=_VISIBLE)]
ContextType: TypeAlias = Literal["link", "attachment"]


def _named(sent: object) -> object:
    return {"user": sent} if isinstance(sent, str) else sent


_AssigneeName: TypeAlias = Annotated[str, Field(min_length=1, max_length=320)]


class Assignee(Received):
    """A member, by id or e-mail address, or a team, by id or name; a text alone is a member."""

    user: _AssigneeName | None = None
    team: _AssigneeName | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.user is None) is (self.team is None):
            raise PydanticCustomError("assignee", "Name either a user or a team.")
        return self

    @property
    def named(self) -> JSONObject:
        """What operations take."""
        return {"user": self.user} if self.team is None else {"team": self.team}


AssigneeName: TypeAlias = Annotated[
    Assignee,
    BeforeValidator(_named),
    WithJsonSchema(
        {
            "title": "Assignee",
            "description": "A member, by id or e-mail address, or a team, by id or name; a text"
            " alone is a member.",
            **ASSIGNEE,
        }
    ),
]
Assignees: TypeAlias = Annotated[list[AssigneeName], Field(max_length=ASSIGNEES_MAX)]


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
        " declined, or is answered with default_response, unless a rule says who decides on it:"
        " then it expires.",
    )
    default_response: JsonObject | None = Field(
        default=None, description="The answer of `on_expire: default`; it has to fit the schema."
    )
    forbid_requester: bool = Field(
        default=False,
        description="Whether somebody else has to decide than for whom it is asked: the user of the"
        " key or token with which the agent asks.",
    )
    required_responses: Annotated[int, Field(ge=1, le=RESPONSES_MAX), WHOLE] = Field(
        default=1, description="How many people have to answer, and to say the same."
    )
    quorum: Quorum | None = Field(
        default=None,
        description="With more than one: an answer needs all of them and a decline is one person's"
        " (`first_decline`, the default), or each needs more than half of them (`majority`).",
    )
    assignees: Assignees = Field(
        default=[], description="Whose it is to decide; nobody's in particular if it is empty."
    )

    @property
    def named(self) -> list[JSONValue]:
        """The assignees, as they are looked up."""
        return [each.named for each in self.assignees]

    @property
    def options(self) -> RequestOptions:
        """What operations take, but for the assignees, who have to be looked up."""
        return RequestOptions(
            allow_decline=self.allow_decline,
            priority=self.priority,
            tags=tuple(self.tags),
            reference=self.reference,
            context=[link.model_dump() for link in self.context],
            expires_at=self.expires_at,
            on_expire=self.on_expire,
            default_response=self.default_response,
            forbid_requester=self.forbid_requester,
            required_responses=self.required_responses,
            quorum=self.quorum,
        )


_SERVER_SET = frozenset(
    {
        *("id", "workspace_id", "execution_id", "kind", "status", "proposed_response"),
        *("response", "edited", "decline_reason", "created_at", "resolved_at", "resolved_by"),
        *("resolved_by_system", "resolved_for", "revision", "supersedes_id", "superseded_by"),
        *("digest", "cancel_reason", "comments_count", "requested_by", "responses"),
        *("standing_approval_id", "trace_id", "resolved_trace_id"),
    }
)


class InputRequestCreate(OptionFields):
    """A question. `message` is Markdown; the answer has to fit `schema`, a JSON Schema."""

    server_set = _SERVER_SET

    session_id: UUID
    agent_id: UUID
    key: Line
    title: Line
    message: str
    schema_: AnswerSchema = Field(alias="schema")
    resume: ResumeBody | None = Field(
        default=None,
        description="What is called when it is decided, in place of the agent's endpoint.",
    )


class Resolution(Received):
    """An answer; it has to fit the request's schema."""

    response: JsonObject


class Refusal(Received):
    """Why there is no answer, or no leave for the call."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]


class Withdrawal(Received):
    """Why a question is taken back; people read it."""

    reason: Annotated[str, Field(max_length=REASON_LENGTH_MAX)] | None = None


class Revision(Change, OptionFields):
    """What is asked instead. What is left out carries over, a deadline too."""

    server_set = _SERVER_SET | {"session_id", "agent_id"}

    key: Line = ""
    title: Line = ""
    message: str = ""
    schema_: AnswerSchema = Field(default=None, alias="schema")

    @property
    def changes(self) -> Changes:
        """What is asked otherwise."""
        changes = {
            name.rstrip("_"): value
            for name, value in self.given().items()
            if name not in OptionFields.model_fields
        }
        return cast("Changes", changes)  # the names are those of this class's own fields

    @property
    def changed_options(self) -> dict[str, Any]:
        """The options that are others, as operations take them."""
        names = self.model_fields_set & OptionFields.model_fields.keys()
        return {name: getattr(self.options, name) for name in names}


class Assigning(Received):
    """All whose it is from then on; nobody's in particular if it is empty."""

    assignees: Assignees

    @property
    def named(self) -> list[JSONValue]:
        """The assignees, as they are looked up."""
        return [each.named for each in self.assignees]


class Delegating(Received):
    """To whom it is handed on."""

    to: AssigneeName


class Claiming(Received):
    """From whom it is taken over, where somebody has it: the id of that user."""

    instead_of: UUID | None = None


class Extension(Received):
    """The new deadline, later than the one before."""

    expires_at: Moment
