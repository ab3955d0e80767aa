"""/agent-session-input-requests/preview: the form of a schema, before anybody is asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from opensink_web.api.input_request import RESOURCE, check_sent_schema
from opensink_web.api.request_body import AnswerSchema
from opensink_web.contract.example import Example
from opensink_web.contract.public_address import public_address
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import JsonObject, Received, ResponseModel
from opensink_web.errors import FieldError
from opensink_web.models import Preview
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.requests.preview import create_preview
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.lint import warnings_about
from opensink_web.schema.overview import Control, FieldOverview, overview
from opensink_web.schema.validation import validate

routes = Routes(RESOURCE)


class PreviewCreate(Received):
    """A schema as one asks with, and values that the form is to be filled with."""

    server_set = frozenset({"id", "workspace_id", "created_at"})

    schema_: AnswerSchema = Field(alias="schema")
    values: JsonObject | None = None


class FieldResponse(ResponseModel):
    """A field of the form. A pointer has `-` for the entry of a list.

    Where `is_native` is false, no control can be made of its schema: a person types JSON there.
    """

    pointer: str
    title: str
    control: Control
    is_native: bool


class NoticeResponse(ResponseModel):
    """What a reviewer is told at a field: what was proposed does not fit and was left out."""

    pointer: str
    message: str


class RemarkResponse(ResponseModel):
    """Something to know, with a JSON Pointer to what in the body it is about."""

    path: str
    message: str


class PreviewResponse(ResponseModel):
    """The form that a schema makes; nobody is asked, and no request is stored.

    `is_native` says that nobody has to type JSON. `warnings` are likely mistakes in the schema,
    `errors` say why `values` do not fit it, and `notices` what of them and of the defaults was left
    out of the form. `url` shows the form, filled with the values, until
    `expires_at`, to the workspace's members who read requests.
    """

    id: UUID
    workspace_id: UUID
    url: str
    created_at: datetime
    expires_at: datetime
    is_native: bool
    fields: list[FieldResponse]
    warnings: list[RemarkResponse]
    errors: list[RemarkResponse]
    notices: list[NoticeResponse]

    @classmethod
    def about(cls, preview: Preview, checked: "CheckedPreview", url: str) -> Self:
        """Write a preview, and what was found out about it."""
        return cls(
            id=preview.id,
            workspace_id=preview.workspace_id,
            url=url,
            created_at=preview.created_at,
            expires_at=preview.expires_at,
            is_native=all(each.is_native for each in checked.fields),
            fields=[FieldResponse.of(each) for each in checked.fields],
            warnings=[RemarkResponse.of(each) for each in checked.warnings],
            errors=[RemarkResponse.of(each) for each in checked.errors],
            notices=[
                NoticeResponse(pointer=each.path, message=each.message) for each in checked.notices
            ],
        )


@dataclass(frozen=True, slots=True)
class CheckedPreview:
    """What is to be said of a schema and of values, as places in the body."""

    fields: tuple[FieldOverview, ...]
    warnings: tuple[FieldError, ...]
    errors: tuple[FieldError, ...]
    notices: tuple[FieldError, ...]


def _check(principal: Principal, body: PreviewCreate) -> CheckedPreview:
    """Raises: InvalidSchema."""
    check_sent_schema(body.schema_)
    errors = () if body.values is None else validate(body.schema_, body.values)
    form = AnswerForm.blank(body.schema_, body.values)
    return CheckedPreview(
        fields=overview(form),
        warnings=tuple(each.below("/schema") for each in warnings_about(body.schema_)),
        errors=tuple(each.below("/values") for each in errors),
        notices=form.notices,
    )


@routes.post(
    "/agent-session-input-requests/preview",
    summary="See the form that a schema makes, before anybody is asked.",
    precheck=_check,
    example=Example(
        body={
            "schema": {
                "type": "object",
                "properties": {
                    "approved": {"type": "boolean"},
                    "limit": {"type": "integer", "minimum": 1},
                },
                "required": ["approved"],
            },
            "values": {"limit": 40},
        }
    ),
    about=(
        "Says for each field whether a form control can be made of it, what looks like a mistake "
        "in the schema, and where the form can be seen."
    ),
)
def preview(principal: Principal, body: PreviewCreate, checked: CheckedPreview) -> PreviewResponse:
    kept = create_preview(principal.workspace, body.schema_, body.values)
    url = public_address(
        "preview.show", workspace_slug=principal.workspace.slug, preview_id=kept.id
    )
    return PreviewResponse.about(kept, checked, url)
