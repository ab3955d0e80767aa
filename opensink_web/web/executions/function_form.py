"""The form for a function, and its way to and from the function itself."""

from contextlib import suppress
from typing import Any

from wtforms import BooleanField, IntegerField, RadioField, SelectChoice, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional, Regexp, ValidationError
from wtforms.widgets import NumberInput

from opensink_web import json_value
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models import Function, FunctionKind, Quorum
from opensink_web.operations.executions.function import (
    FUNCTION_NAME,
    NAME_RULE,
    TIMEOUT_SECONDS_DEFAULT,
    TIMEOUT_SECONDS_MAX,
    FunctionFields,
)
from opensink_web.operations.executions.function_target import (
    EntryPointSpec,
    FunctionTarget,
    target_of,
)
from opensink_web.operations.requests.options import RESPONSES_MAX
from opensink_web.web.forms.call_form import CallForm, call_fields, headers_field, method_field
from opensink_web.web.forms.schema_check import (
    SchemaCheck,
    check_input_schema,
    check_output_schema,
    parse_schema,
)
from opensink_web.web.forms.settings_form import LineField, ParagraphsField
from opensink_web.web.rendering.kind_words import function_kind

_FIRST_SCHEMA = """{
  "type": "object",
  "required": ["text"],
  "properties": {
    "text": {"type": "string", "description": "What to work on."}
  }
}"""
_SCHEMAS = ("/input_schema", "/output_schema")


class FunctionForm(CallForm):
    at_headers = "/target/headers/"

    namespace = LineField(
        "Namespace",
        [InputRequired("Enter a namespace."), Regexp(FUNCTION_NAME, message=NAME_RULE)],
        description="Groups functions, for example by the system they belong to.",
    )
    name = LineField(
        "Name",
        [InputRequired("Enter a name."), Regexp(FUNCTION_NAME, message=NAME_RULE)],
        description="Applications execute it as namespace/name.",
    )
    description = ParagraphsField(
        "Description", description="What it does, for the people who execute it. Markdown."
    )
    input_schema = ParagraphsField("Input schema")
    output_schema = ParagraphsField("Output schema")
    kind = RadioField(
        "Runs as",
        choices=[SelectChoice(kind.value, function_kind(kind)) for kind in FunctionKind],
        default=FunctionKind.HTTP.value,
    )
    method = method_field()
    url = LineField("URL")
    headers = headers_field()
    body = ParagraphsField(
        "Body",
        description="A JSON object, to which OpenSink adds input and context. GET sends no body: "
        "the fields of the input become parameters of the URL.",
    )
    entry_point = LineField(
        "Entry point",
        description="Its name in the group opensink.functions of a package that is installed "
        "beside the workers.",
    )
    timeout_seconds = IntegerField(
        "Timeout in seconds",
        [InputRequired("Enter a whole number.")],
        default=TIMEOUT_SECONDS_DEFAULT,
        widget=NumberInput(min=1, max=TIMEOUT_SECONDS_MAX),
        description="How long an execution may take, unless the caller asks for another limit.",
    )
    requires_approval = BooleanField(
        "A person must approve each execution before it starts",
        description="It waits in the inbox until then; its input can be changed there.",
    )
    required_responses = IntegerField(
        "People who have to approve it",
        [Optional(), NumberRange(1, RESPONSES_MAX, f"Enter a number of 1 to {RESPONSES_MAX}.")],
        default=1,
        widget=NumberInput(min=1, max=RESPONSES_MAX),
        description="With more than one, all have to say the same, or a majority.",
    )
    quorum = SelectField(
        "Of several people",
        default=Quorum.FIRST_DECLINE.value,
        choices=[
            SelectChoice(Quorum.FIRST_DECLINE.value, "All approve; one decline ends it"),
            SelectChoice(Quorum.MAJORITY.value, "More than half decide"),
        ],
    )
    forbid_requester = BooleanField("Somebody else must approve than whoever calls it")
    is_active = BooleanField(
        "Active", default=True, description="An inactive function accepts no executions."
    )

    def validate_url(self, field: LineField) -> None:
        if self.is_http and not field.data:
            raise ValidationError("Enter the address OpenSink should call.")

    def validate_body(self, field: ParagraphsField) -> None:
        if self.is_http:
            super().validate_body(field)

    def validate_entry_point(self, field: LineField) -> None:
        if not self.is_http and not field.data:
            raise ValidationError("Enter the name of the entry point.")

    def validate_input_schema(self, _field: ParagraphsField) -> None:
        _refuse(self.input_check)

    def validate_output_schema(self, _field: ParagraphsField) -> None:
        _refuse(self.output_check)

    @property
    def is_http(self) -> bool:
        return bool(self.kind.data == FunctionKind.HTTP)

    @property
    def input_check(self) -> SchemaCheck:
        return check_input_schema(self.input_schema.data)

    @property
    def output_check(self) -> SchemaCheck:
        return check_output_schema(self.output_schema.data)

    def function(self) -> FunctionFields:
        """Return the function as it was typed; the form is valid."""
        people = self.required_responses.data or 1
        return FunctionFields(
            namespace=self.namespace.data,
            name=self.name.data,
            target=self._target(),
            description=self.description.data,
            input_schema=parse_schema(self.input_schema.data) or {"type": "object"},
            output_schema=parse_schema(self.output_schema.data),
            timeout_seconds=self.timeout_seconds.data,
            requires_approval=self.requires_approval.data,
            required_responses=people,
            quorum=Quorum(self.quorum.data) if people > 1 else None,
            forbid_requester=self.forbid_requester.data,
            is_active=self.is_active.data,
        )

    def show_at(self, path: str, message: str) -> None:
        """Put a message at the field, also one about a part of a schema."""
        schema = next((each for each in _SCHEMAS if path.startswith(each)), None)
        super().show_at(schema or path, message)

    def _target(self) -> FunctionTarget:
        if self.is_http:
            return self.call_within(self.timeout_seconds.data)
        return EntryPointSpec(self.entry_point.data)


def function_form(function: Function | None) -> FunctionForm:
    """Return the form filled with what was sent, or else with a function; credentials masked."""
    if function is None:
        return FunctionForm(input_schema=_FIRST_SCHEMA, namespace="default")
    return FunctionForm(
        namespace=function.namespace,
        name=function.name,
        description=function.description,
        input_schema=_written(function.input_schema),
        output_schema=_written(function.output_schema),
        timeout_seconds=function.timeout_seconds,
        requires_approval=function.requires_approval,
        required_responses=function.required_responses,
        quorum=(function.quorum or Quorum.FIRST_DECLINE).value,
        forbid_requester=function.forbid_requester,
        is_active=function.is_active,
        kind=function.kind.value,
        **_target_fields(function),
    )


def _target_fields(function: Function) -> dict[str, Any]:
    """Return what the form shows of a target; nothing of one that cannot be decrypted."""
    with suppress(UnreadableSecret):
        target = target_of(function)
        if isinstance(target, EntryPointSpec):
            return {"entry_point": target.entry_point}
        return call_fields(target)
    return {}


def _written(schema: JSONValue) -> str:
    return json_value.dump(schema, indent=2) if schema is not None else ""


def _refuse(check: SchemaCheck) -> None:
    if check.errors:
        raise ValidationError(" ".join(each.sentence for each in check.errors))
