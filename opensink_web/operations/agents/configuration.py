"""Configurations of agents: making a version, and having the agent go by another one.

A version is never changed. Whoever makes one, or activates one, has locked the agent, so that of
many at once each gets a number of its own.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from opensink_web.errors import Conflict, FieldError, InvalidInput, InvalidSchema, UnreadableSecret
from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import (
    Agent,
    AgentConfiguration,
    AuditAction,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.operations.agents.configuration_queries import (
    active_of,
    last_version_of,
    newest_of,
)
from opensink_web.operations.agents.queries import find_agent
from opensink_web.operations.audit.actor import acting
from opensink_web.operations.audit.record import record
from opensink_web.operations.name import in_one_line
from opensink_web.schema.bound_secrets import dependent_secrets, redirected_secrets
from opensink_web.schema.carried_secrets import (
    lost_secrets,
    marked_proposals,
    marks_in,
    with_kept_secrets,
)
from opensink_web.schema.edits import Proposal
from opensink_web.schema.limits import check_schema
from opensink_web.schema.secrets import without_secret_proposals
from opensink_web.schema.subschemas import Path, pointer_to
from opensink_web.schema.validation import validate

FIRST_VARIANT = "default"
_POINTERS_MAX = 20
_IS_NEWER = (
    "Somebody has made a newer version of this variant meanwhile. Look at it, and send yours again."
)
NOTHING_KEPT = "There is no stored value to keep here."
_IS_LOST = "A secret carries over only where the schema says the same of it. Send it anew."
_IS_REDIRECTED = "An address beside this secret is another one now, so the secret is needed anew."
_IS_DEPENDENT = (
    "What this secret has to be depends on something that is not as it was, so it is needed anew."
)


@dataclass(frozen=True, slots=True)
class ConfigurationFields:
    """What a new version is to be; what is None carries over from the newest of its variant.

    Whoever does not know the secrets that a schema proposes is not told whether they guessed them.
    """

    variant: str = FIRST_VARIANT
    schema: JSONValue = None
    value: JSONObject | None = None
    schema_version: int | None = None
    knows_secrets: bool = True


@dataclass(frozen=True, slots=True)
class CheckedConfiguration:
    """A version that fits its schema, as it was made of the newest one then.

    `kept_of` is that one, where secrets of it were put in the place of their marks.
    """

    variant: str
    schema: JSONValue
    value: JSONObject
    schema_version: int | None
    carries_schema: bool
    carries_value: bool
    kept_of: UUID | None = None
    is_guess: bool = False
    """The schema may be a guess at what the newest one proposes, so it counts as another."""


@dataclass(frozen=True, slots=True)
class _Stored:
    schema: JSONValue
    value: JSONObject


def check_configuration(
    workspace: Workspace, agent_id: UUID, fields: ConfigurationFields
) -> CheckedConfiguration:
    """Return a version as it can be stored. Takes its time: call it outside a transaction that
    writes.

    A secret that is sent back with the mark that stands for it stays as it is, where the schema
    does too. Raises: NotFound; InvalidSchema; InvalidInput.
    """
    find_agent(workspace, agent_id)
    variant = _checked_variant(fields.variant)
    newest = newest_of(agent_id, variant)
    stored = _readable(newest)
    schema, is_guess = _checked_schema(fields, newest, stored)
    value = fields.value
    if value is None:
        value = {} if newest is None else newest.value
        if newest is not None:
            before = without_secret_proposals(newest.schema) if is_guess else newest.schema
            _refuse(_IS_LOST, "/value", lost_secrets(value, before, schema))
    else:
        # under another schema, whether a secret fits would tell what it is
        if stored is not None and not is_guess and dump(schema) == dump(stored.schema):
            value = with_kept_secrets(value, stored.value, schema)
            check_kept_secrets(stored.value, value, schema, {*marks_in(fields.value or {})})
        _refuse(NOTHING_KEPT, "/value", list(marks_in(value)))
    if errors := validate(schema, value):
        whose = "The value" if fields.value is not None else "The value that carries over"
        raise InvalidInput(
            f"{whose} does not fit the schema.",
            errors=tuple(each.below("/value") for each in errors),
        )
    is_kept = (fields.schema is not None and dump(fields.schema) != dump(schema)) or (
        fields.value is not None and dump(fields.value) != dump(value)
    )
    return CheckedConfiguration(
        variant,
        schema,
        value,
        fields.schema_version,
        carries_schema=fields.schema is None,
        carries_value=fields.value is None,
        kept_of=newest.id if newest is not None and is_kept else None,
        is_guess=is_guess,
    )


def _checked_schema(
    fields: ConfigurationFields, newest: AgentConfiguration | None, stored: _Stored | None
) -> tuple[JSONValue, bool]:
    """Return the schema of a new version, and True if it may be a guess at the newest one's.

    Raises: InvalidInput; InvalidSchema.
    """
    schema, is_guess = fields.schema, False
    if schema is None:
        return ({} if newest is None else newest.schema), False
    shown = None if stored is None else without_secret_proposals(stored.schema)
    if stored is not None and dump(schema) == dump(shown):
        schema = stored.schema
    else:
        if stored is not None and not fields.knows_secrets:
            is_guess = dump(shown) != dump(stored.schema)
        _refuse(NOTHING_KEPT, "/schema", marked_proposals(schema))
    try:
        check_schema(schema)
    except InvalidSchema as error:
        raise error.below("/schema") from None
    return schema, is_guess


def check_kept_secrets(
    stored: JSONObject, value: JSONObject, schema: JSONValue, kept: Collection[Path]
) -> None:
    """Raises: InvalidInput for secrets of a stored value that may not stay in this one unseen."""
    _refuse(_IS_REDIRECTED, "/value", redirected_secrets(stored, value, schema, kept))
    _refuse(_IS_DEPENDENT, "/value", dependent_secrets(stored, value, schema, kept))


def create_configuration(
    agent: Agent, checked: CheckedConfiguration, *, seen_id: UUID | None = None
) -> AgentConfiguration:
    """Make a version of a locked agent; of the active variant it is active at once.

    `seen_id` is the newest one that its maker had before them. Raises: Conflict, where there is a
    newer one than that, or than what it carries over from or keeps secrets of.
    """
    newest = newest_of(agent.id, checked.variant)
    for expected_id in (seen_id, checked.kept_of):
        if expected_id is not None and (newest is None or newest.id != expected_id):
            raise Conflict(_IS_NEWER)
    if not _still_carries_over(checked, newest):
        raise Conflict(_IS_NEWER)
    before = active_of(agent)
    configuration = _store(agent, checked, newest)
    record(
        AuditAction.CONFIGURATION_CREATED,
        agent.workspace_id,
        SubjectKind.AGENT,
        agent.id,
        {
            "variant": configuration.variant,
            "version": configuration.version,
            "variant_version": configuration.variant_version,
            "schema_version": configuration.schema_version,
            **_changes_since(newest, configuration),
        },
    )
    if before is None or before.variant == configuration.variant:
        activate_configuration(agent, configuration)
    return configuration


def create_variant(agent: Agent, name: str, source: AgentConfiguration) -> AgentConfiguration:
    """Begin a variant of a locked agent with what one of its versions says; it is not active.

    Raises: InvalidInput; Conflict where there is one of this name.
    """
    variant = _checked_variant(name)
    if newest_of(agent.id, variant) is not None:
        message = "This agent has a variant of this name already."
        raise Conflict(message, errors=(FieldError("/variant", message),))
    return create_configuration(
        agent,
        CheckedConfiguration(
            variant,
            source.schema,
            source.value,
            None,
            carries_schema=False,
            carries_value=False,
        ),
    )


def first_configuration(agent: Agent) -> AgentConfiguration:
    """Return the first version of an agent that is just being made: empty, and active."""
    configuration = AgentConfiguration(
        workspace_id=agent.workspace_id,
        agent_id=agent.id,
        variant=FIRST_VARIANT,
        version=1,
        variant_version=1,
        schema_version=1,
        schema={},
        value={},
        made_by_id=acting().user_id,
    )
    agent.config_id = configuration.id
    return configuration


def activate_configuration(agent: Agent, configuration: AgentConfiguration) -> None:
    """Have a locked agent go by one of its own versions."""
    if agent.config_id == configuration.id:
        return
    before = active_of(agent)
    agent.config_id = configuration.id
    db.session.flush()
    record(
        AuditAction.CONFIGURATION_ACTIVATED,
        agent.workspace_id,
        SubjectKind.AGENT,
        agent.id,
        {"changes": {"active": [named(before) if before else None, named(configuration)]}},
    )


def named(configuration: AgentConfiguration) -> str:
    """Name a version: its variant, and its number among all of the agent."""
    return f"{configuration.variant}, version {configuration.version}"


def _checked_variant(variant: str) -> str:
    try:
        return in_one_line(variant)
    except InvalidInput as error:
        message = error.message.replace("A name", "The name of a variant")
        raise InvalidInput(message, errors=(FieldError("/variant", message),)) from None


def _readable(newest: AgentConfiguration | None) -> _Stored | None:
    """Return the schema and the value of a version, None where there is none that can be read."""
    if newest is None:
        return None
    with suppress(UnreadableSecret):
        return _Stored(newest.schema, newest.value)
    return None


def _refuse(message: str, part: str, places: list[Path]) -> None:
    """Raises: InvalidInput, unless there are no such places."""
    if places:
        errors = [FieldError(part + pointer_to(path), message) for path in places]
        raise InvalidInput(message, errors=tuple(errors[:_POINTERS_MAX]))


def _still_carries_over(checked: CheckedConfiguration, newest: AgentConfiguration | None) -> bool:
    """Return True if what it was checked with is what the newest version has."""
    schema, value = ({}, {}) if newest is None else (newest.schema, newest.value)
    has_schema = not checked.carries_schema or dump(schema) == dump(checked.schema)
    return has_schema and (not checked.carries_value or dump(value) == dump(checked.value))


def _store(
    agent: Agent, checked: CheckedConfiguration, newest: AgentConfiguration | None
) -> AgentConfiguration:
    configuration = AgentConfiguration(
        workspace_id=agent.workspace_id,
        agent_id=agent.id,
        variant=checked.variant,
        version=last_version_of(agent.id) + 1,
        variant_version=1 if newest is None else newest.variant_version + 1,
        schema_version=checked.schema_version or _next_schema_version(checked, newest),
        schema=checked.schema,
        value=checked.value,
        made_by_id=acting().user_id,
    )
    if newest is not None:
        newest.is_newest = False
    db.session.add(configuration)
    db.session.flush()
    return configuration


def _next_schema_version(checked: CheckedConfiguration, newest: AgentConfiguration | None) -> int:
    """Count the schemas of a variant, where whoever sends one does not."""
    if newest is None:
        return 1
    if checked.carries_schema:
        return newest.schema_version
    with suppress(UnreadableSecret):
        if not checked.is_guess and dump(newest.schema) == dump(checked.schema):
            return newest.schema_version
    return newest.schema_version + 1


def _changes_since(
    newest: AgentConfiguration | None, configuration: AgentConfiguration
) -> JSONObject:
    """Say for the audit what is other than before: places alone, and of secrets no more."""
    if newest is None:
        return {}
    with suppress(UnreadableSecret):
        is_same = dump(newest.schema) == dump(configuration.schema)
        proposal = Proposal(newest.value, is_exact=True, schema=configuration.schema)
        places = proposal.changed_in(configuration.value)
        said: JSONObject = {"schema": "as before" if is_same else "another one"}
        said["changed"] = [each or "everything" for each in places[:_POINTERS_MAX]]
        return said
    return {}
