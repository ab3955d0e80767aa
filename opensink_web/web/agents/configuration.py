"""An agent's configuration: the form made from its schema, the schema itself, and its versions."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import Conflict, FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import Agent, AgentConfiguration
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.agent import lock_agent
from opensink_web.operations.agents.configuration import (
    NOTHING_KEPT,
    ConfigurationFields,
    check_configuration,
    create_configuration,
)
from opensink_web.operations.agents.configuration_queries import (
    ConfigurationFilter,
    active_of,
    configuration_of,
    list_configurations,
    newest_of,
)
from opensink_web.operations.agents.queries import find_agent
from opensink_web.operations.page import PageRequest
from opensink_web.schema.carried_secrets import lost_secrets, marked_proposals
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.secrets import without_secret_proposals
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.validation import validate
from opensink_web.web.access import requires
from opensink_web.web.agents.configuration_difference import (
    Difference,
    difference,
    facts_of,
    rows_of,
)
from opensink_web.web.agents.configuration_kept import refusal_of_kept, without_secrets
from opensink_web.web.forms.answer_redraw import redrawn
from opensink_web.web.forms.kept_secret import PageVault
from opensink_web.web.forms.schema_check import (
    Finding,
    SchemaCheck,
    check_input_schema,
    parse_schema,
)
from opensink_web.web.forms.typed import keeps_typed
from opensink_web.web.rendering.schema_changes import FieldChange, schema_changes

blueprint = Blueprint("configuration", __name__)
RESOURCE = "agent_configurations"
PAGE = "/w/<workspace_slug>/agents/<uuid:agent_id>/configuration"
_SAVED = "Saved"
ROWS = 20
VARIANTS_SHOWN = 12
FIRST_SCHEMA: JSONValue = {
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": {"title": "Model", "enum": ["small", "large"]},
        "limit": {"title": "Largest order", "type": "number", "minimum": 0},
        "instructions": {
            "title": "Instructions",
            "type": "string",
            "contentMediaType": "text/markdown",
        },
    },
}


@dataclass(frozen=True, slots=True)
class Editing:
    """What a form is made from: the `basis`, a version, and perhaps a schema that is new.

    `newest` is the newest of the variant as whoever edits has seen it.
    """

    agent: Agent
    basis: AgentConfiguration
    newest: AgentConfiguration
    new_schema: JSONObject | None = None

    @property
    def schema(self) -> JSONValue:
        schema: JSONValue = self.basis.schema
        return schema if self.new_schema is None else self.new_schema

    @property
    def start(self) -> JSONObject:
        """What the form is filled with: no secret of which the new schema says anything else."""
        value: JSONObject = self.basis.value
        lost = lost_secrets(value, self.basis.schema, self.schema)
        if () in lost:
            return {}
        gone = {path[0] for path in lost}
        return {name: inner for name, inner in value.items() if name not in gone}

    @property
    def new_schema_text(self) -> str:
        """The new schema as it goes into the page, and back."""
        return "" if self.new_schema is None else dump(without_secret_proposals(self.new_schema))


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a value under a new schema."""

    changes: tuple[FieldChange, ...]
    is_first: bool
    unfit: tuple[Finding, ...]
    unnamed: tuple[str, ...]
    lost: tuple[str, ...]


@blueprint.get(PAGE)
@requires(RESOURCE, Action.READ)
def show(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Show what an agent is to go by: to who may change it, as a form."""
    editing = _editing(principal, agent_id)
    form = None
    if principal.may(RESOURCE, Action.WRITE):
        form = _blank(editing)
    return _page(principal, editing, form)


@requires(RESOURCE, Action.WRITE)
def _draw_again(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Draw the form with what was sent in it, and a token of this sign-in."""
    editing = _sent(principal, agent_id)
    form = _submitted(principal, editing)
    return _page(principal, editing, form.changed_by(request.form) or form)


@blueprint.post(PAGE)
@keeps_typed(_draw_again)
@requires(RESOURCE, Action.WRITE)
def save(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Make a version of what was filled in; or only draw the form anew."""
    editing = _sent(principal, agent_id)
    form = _submitted(principal, editing)
    changed = form.changed_by(request.form)
    if changed is not None:
        return _redrawn(principal, editing, changed)
    if unkept := _unkept(principal, editing, form):
        return _page(principal, editing, form.with_errors(unkept), status=422)
    value = form.read().value
    if value is None:
        return _page(principal, editing, form, status=422)
    fields = ConfigurationFields(editing.basis.variant, editing.schema, value)
    try:
        checked = check_configuration(principal.workspace, agent_id, fields)
        with writing():
            agent = lock_agent(principal.workspace, agent_id)
            made = create_configuration(agent, checked, seen_id=editing.newest.id)
            is_active, version = agent.config_id == made.id, made.version
    except Conflict:
        return _overtaken(principal, editing)
    except InvalidInput as error:
        return _page(principal, editing, form, refusal=error, status=422)
    goes_by = "and active" if is_active else "which is not active yet"
    flash(f"Saved as version {version}, {goes_by}.", "success")
    return to_configuration(principal, agent_id, editing.basis.variant)


def _overtaken(principal: Principal, editing: Editing) -> ResponseReturnValue:
    """Show what somebody else has saved meanwhile beside what was typed, to be sent once more."""
    agent = find_agent(principal.workspace, editing.agent.id)
    newest = newest_of(agent.id, editing.basis.variant) or editing.newest
    schema = editing.new_schema
    if schema is None and dump(newest.schema) != dump(editing.schema):
        schema = editing.basis.schema  # what was typed was typed into this one's form
    now = Editing(agent, newest, newest, schema)
    form = _submitted(principal, now)
    if unkept := _unkept(principal, now, form):
        form.with_errors(unkept)
    else:
        form.read()
    theirs = difference(newest, editing.newest)
    return _page(principal, now, form, theirs=theirs, status=409)


@blueprint.route(PAGE + "/schema", methods=["GET", "POST"])
@requires(RESOURCE, Action.WRITE)
def edit_schema(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Take another schema, and lead to its form, which says what becomes of the value."""
    editing = (
        _sent(principal, agent_id) if request.method == "POST" else _editing(principal, agent_id)
    )
    schema = editing.basis.schema or FIRST_SCHEMA
    text = request.form.get("schema") or dump(without_secret_proposals(schema), indent=2)
    check = check_input_schema(text.replace("\0", ""))
    if request.method == "GET" or check.errors or "check" in request.form:
        return _schema_page(editing, text, check)
    new_schema = _new_schema(text, editing.basis) or {}
    if marks := marked_proposals(new_schema):
        wrong = tuple(Finding(NOTHING_KEPT, pointer=pointer_to(path)) for path in marks)
        return _schema_page(editing, text, SchemaCheck(errors=wrong))
    now = Editing(editing.agent, editing.basis, editing.newest, new_schema)
    return _page(principal, now, _blank(now))


@blueprint.post(PAGE + "/schema/check")
@requires(RESOURCE, Action.WRITE)
def check_schema_text(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Say what is to be said of a schema, while it is typed."""
    find_agent(principal.workspace, agent_id)
    text = request.form.get("schema", "").replace("\0", "")
    return render_template("configuration/_check.html", check=check_input_schema(text or "{}"))


def to_configuration(
    principal: Principal, agent_id: UUID, variant: str | None = None
) -> ResponseReturnValue:
    """Lead to the page of a variant, or of the one that is active."""
    slug = principal.workspace.slug
    place = url_for("configuration.show", workspace_slug=slug, agent_id=agent_id, variant=variant)
    return redirect(place, 303)


def _editing(principal: Principal, agent_id: UUID) -> Editing:
    """Return what the page that is asked for begins with: the active version, if it is of the
    variant, and else its newest. Raises: NotFound.
    """
    agent = find_agent(principal.workspace, agent_id)
    active = active_of(agent)
    variant = request.args.get("variant") or (active.variant if active else "")
    newest = newest_of(agent.id, variant)
    if newest is None:
        raise NotFound("This agent has no such variant.")
    is_of_active = active is not None and active.variant == variant
    return Editing(agent, active if active is not None and is_of_active else newest, newest)


def _sent(principal: Principal, agent_id: UUID) -> Editing:
    """Return what the form that was sent was made from. Raises: NotFound; InvalidInput."""
    agent = find_agent(principal.workspace, agent_id)
    basis, newest = (_named(principal, agent_id, name) for name in ("basis", "newest"))
    if basis.variant != newest.variant:
        raise NotFound("There is no such configuration.")
    text = request.form.get("new_schema", "").replace("\0", "")
    return Editing(agent, basis, newest, _new_schema(text, basis))


def _new_schema(text: str, basis: AgentConfiguration) -> JSONObject | None:
    """Read a schema that came back; one without its secrets is the one there was. Raises:
    InvalidInput.
    """
    if check_input_schema(text).errors:
        raise InvalidInput("The schema cannot be used.")
    schema = parse_schema(text)
    own: JSONObject = basis.schema
    return own if schema is not None and schema == without_secret_proposals(own) else schema


def _named(principal: Principal, agent_id: UUID, name: str) -> AgentConfiguration:
    with suppress(ValueError):
        named = UUID(request.form.get(name, ""))
        return configuration_of(principal.workspace, agent_id, named)
    raise NotFound("There is no such configuration.")


def _blank(editing: Editing) -> AnswerForm:
    form = AnswerForm.blank(editing.schema, editing.start)
    form.start_word = _SAVED
    return form


def _submitted(
    principal: Principal, editing: Editing, start: JSONObject | None = None
) -> AnswerForm:
    # a secret that a page brings back is held against no other schema than the page's
    digest = hashlib.sha256(dump(editing.schema).encode()).hexdigest()
    vault = PageVault(principal.user.id, f"configuration of {editing.agent.id} by {digest}")
    start = editing.start if start is None else start
    form = AnswerForm.submitted(editing.schema, request.form, start, vault)
    form.start_word = _SAVED
    return form


def _unkept(principal: Principal, editing: Editing, form: AnswerForm) -> list[FieldError]:
    """Return what is to be said of secrets that were left as they are and may not stay so."""
    start = editing.start
    bare = without_secrets(start, editing.schema)
    if bare == start:
        return []
    refusal = refusal_of_kept(form, _submitted(principal, editing, bare), start)
    if refusal is None:
        return []
    return [replace(each, path=each.path.removeprefix("/value")) for each in refusal.errors]


def _redrawn(principal: Principal, editing: Editing, form: AnswerForm) -> ResponseReturnValue:
    return redrawn(
        form,
        lambda: _page(principal, editing, form),
        lambda: render_template("configuration/_form.html", editing=editing, form=form),
        noun="configuration",
    )


def _fate_of(editing: Editing) -> Fate | None:
    """Say what becomes of the value, where the schema is a new one."""
    if editing.new_schema is None:
        return None
    before, after = map(without_secret_proposals, (editing.basis.schema, editing.new_schema))
    named = editing.new_schema.get("properties")
    is_named = named if isinstance(named, dict) else {}
    unfit = validate(editing.schema, editing.start)
    return Fate(
        changes=tuple(schema_changes(before, after)) if before else (),
        is_first=not before,
        unfit=tuple(Finding(each.message, pointer=each.path) for each in unfit),
        unnamed=tuple(name for name in editing.start if name not in is_named),
        lost=tuple(name for name in editing.basis.value if name not in editing.start),
    )


def _page(
    principal: Principal,
    editing: Editing,
    form: AnswerForm | None,
    *,
    theirs: Difference | None = None,
    refusal: InvalidInput | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    agent, variant = editing.agent, editing.basis.variant
    versions = list_configurations(
        principal.workspace,
        ConfigurationFilter(agent.id, variant),
        PageRequest(limit=ROWS, trail=request.args.get("trail") or None),
    )
    variants = list_configurations(
        principal.workspace,
        ConfigurationFilter(agent.id, is_newest=True),
        PageRequest(limit=VARIANTS_SHOWN),
    )
    page = render_template(
        "configuration/show.html",
        agent=agent,
        active=active_of(agent),
        editing=editing,
        form=form,
        facts=() if form is not None else facts_of(editing.basis),
        fate=_fate_of(editing),
        theirs=theirs,
        refusal=refusal,
        rows=rows_of(versions.items),
        trail=versions.trail,
        variants=variants.items,
        may_see_agent=principal.may("agents", Action.WRITE),
    )
    return page, status


def _schema_page(editing: Editing, text: str, check: SchemaCheck) -> ResponseReturnValue:
    is_wrong = request.method == "POST" and bool(check.errors)
    page = render_template("configuration/schema.html", editing=editing, text=text, check=check)
    return page, 422 if is_wrong else 200
