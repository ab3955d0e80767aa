"""Agents: their list, making and changing one, and the endpoint that lets one go on."""

from contextlib import suppress
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from jinja2_fragments.flask import render_block
from wtforms.validators import InputRequired

from opensink_web.contract.public_address import public_root
from opensink_web.errors import Conflict, InvalidInput, UnreadableSecret
from opensink_web.json_value import dump
from opensink_web.models import Agent
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.agent import (
    create_agent,
    delete_agent,
    lock_agent,
    update_agent,
)
from opensink_web.operations.agents.initial_messages import (
    CheckedMessages,
    check_initial_messages,
    read_initial_messages,
)
from opensink_web.operations.agents.queries import (
    endpoint_of,
    find_agent,
    health_of,
    list_agents,
    older_failed_session,
)
from opensink_web.operations.deliveries.delivery import deliver_test
from opensink_web.web.access import requires, services
from opensink_web.web.agents.agent_overview import agent_overview
from opensink_web.web.agents.endpoint_form import EndpointForm, endpoint_form
from opensink_web.web.agents.signing_secret import signing_card
from opensink_web.web.agents.test_call import TestCall, find_test_call
from opensink_web.web.forms.settings_form import LineField, ParagraphsField, SettingsForm
from opensink_web.web.rendering.listing import page_request, same_list
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged

blueprint = Blueprint("agent", __name__)
_AGENTS = "/w/<workspace_slug>/admin/agents"
_AGENT = _AGENTS + "/<uuid:agent_id>"


class AgentForm(SettingsForm):
    name = LineField("Name", [InputRequired("Enter a name.")])
    description = ParagraphsField(
        "Description", description="What the agent does, for the people who answer it. Markdown."
    )
    namespace = LineField(
        "Namespace",
        default="default",
        description="Lets two agents have the same slug.",
    )
    slug = LineField(
        "Slug", description="Names the agent in addresses. Left empty, it is derived from the name."
    )
    first_messages = ParagraphsField(
        "First messages",
        description="What each chat of a batch begins with: a JSON list of objects with role "
        "(system, developer, user or assistant) and content, a Jinja2 template that is filled in "
        "with the chat's input_variables.",
    )

    def messages(self, principal: Principal) -> CheckedMessages:
        """Return the first messages, checked; takes its time. Raises: InvalidInput."""
        try:
            typed = read_initial_messages(self.first_messages.data or "")
        except InvalidInput as refusal:
            raise refusal.below("/initial_messages") from None
        return check_initial_messages(principal.workspace, services().templates, typed)

    def show_at(self, path: str, message: str) -> None:
        """Put what is wrong with a first message at the field that has them all."""
        place = path.removeprefix("/initial_messages")
        if place == path:
            super().show_at(path, message)
        else:
            sentence = f"{place}: {message}" if place else message
            super().show_at("/first_messages", sentence)


@blueprint.get(_AGENTS)
@requires("agents", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the agents."""
    agents = list_agents(principal.workspace, page_request())
    return render_template(
        "agent/index.html",
        rows=[(agent, _endpoint_host(agent)) for agent in agents.items],
        next_href=same_list(trail=agents.trail) if agents.trail else None,
        first_href=same_list() if page_request().trail else None,
    )


@blueprint.route(_AGENTS + "/new", methods=["GET", "POST"])
@requires("agents", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make an agent."""
    form = AgentForm()
    if form.validate_on_submit():
        try:
            return _create(principal, form)
        except (InvalidInput, Conflict) as error:
            form.show(error)
    return render_template("agent/edit.html", form=form, agent=None), 422 if form.errors else 200


@blueprint.get(_AGENT)
@requires("agents", Action.WRITE)
def show(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Show an agent; with `test`, how that test call stands, which htmx asks for alone."""
    agent = find_agent(principal.workspace, agent_id)
    delivery_id = request.args.get("test", type=UUID)
    test = find_test_call(principal, agent, delivery_id, services()) if delivery_id else None
    if test is not None and request.htmx:
        if is_unchanged(test.version):
            return UNCHANGED
        return render_block("agent/show.html", "test_call", agent=agent, test=test)
    return _page(principal, agent, _stored_form(agent), test=test)


@blueprint.route(_AGENT + "/edit", methods=["GET", "POST"])
@requires("agents", Action.WRITE)
def edit(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Change an agent's name, description and address."""
    agent = find_agent(principal.workspace, agent_id)
    written = dump(agent.initial_messages, indent=2) if agent.initial_messages else ""
    form = AgentForm(obj=agent, data={"first_messages": written})
    if form.validate_on_submit():
        try:
            messages = form.messages(principal)
            with writing():
                update_agent(
                    principal.workspace,
                    agent_id,
                    services().policy,
                    name=form.name.data,
                    description=form.description.data,
                    namespace=form.namespace.data,
                    slug=form.slug.data,
                    initial_messages=messages,
                )
            flash("The agent has been changed.", "success")
            return _to_agent(principal, agent_id)
        except (InvalidInput, Conflict) as error:
            form.show(error)
    return render_template("agent/edit.html", form=form, agent=agent), 422 if form.errors else 200


@blueprint.post(_AGENT + "/delete")
@requires("agents", Action.WRITE)
def delete(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Delete an agent and everything it has asked."""
    try:
        with writing():
            name = delete_agent(principal.workspace, agent_id)
    except Conflict as error:
        flash(error.message, "danger")
        return _to_agent(principal, agent_id)
    flash(f"The agent {name} is deleted.", "success")
    return redirect(url_for("agent.index", workspace_slug=principal.workspace.slug), 303)


@blueprint.post(_AGENT + "/endpoint")
@requires("agents", Action.WRITE)
def save_endpoint(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Store the endpoint, and call it if asked to; or add or remove a header's row."""
    agent = find_agent(principal.workspace, agent_id)
    form = EndpointForm()
    if "add_header" in request.form:
        form.add_header()
        return _page(principal, agent, form, focus="added")
    if "remove_header" in request.form:
        form.remove_header(request.form["remove_header"])
        return _page(principal, agent, form, focus="add")
    if form.validate():
        try:
            return _save_endpoint(principal, agent_id, form)
        except InvalidInput as error:
            form.show(error)
    return _page(principal, agent, form), 422


@blueprint.post(_AGENT + "/endpoint/test")
@requires("agents", Action.WRITE)
def try_endpoint(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Send a test call to the endpoint that is stored."""
    try:
        with writing():
            delivery = deliver_test(lock_agent(principal.workspace, agent_id))
    except Conflict as error:
        flash(error.message, "danger")
        return _to_agent(principal, agent_id)
    return _to_agent(principal, agent_id, test=delivery.id)


@blueprint.post(_AGENT + "/endpoint/remove")
@requires("agents", Action.WRITE)
def remove_endpoint(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Take the endpoint away; the agent has to ask for answers then."""
    with writing():
        update_agent(principal.workspace, agent_id, services().policy, execution_endpoint=None)
    flash(
        "The execution endpoint has been removed. The agent now has to poll for answers.", "success"
    )
    return _to_agent(principal, agent_id)


def _create(principal: Principal, form: AgentForm) -> ResponseReturnValue:
    messages = form.messages(principal)
    with writing():
        agent = create_agent(
            principal.workspace,
            services().policy,
            name=form.name.data,
            description=form.description.data,
            namespace=form.namespace.data or "default",
            slug=form.slug.data or None,
            initial_messages=messages,
        )
    flash("The agent has been created. How to connect it is explained below.", "success")
    return _to_agent(principal, agent.id)


def _save_endpoint(principal: Principal, agent_id: UUID, form: EndpointForm) -> ResponseReturnValue:
    tests = request.form.get("then") == "test"
    with writing():
        agent = update_agent(
            principal.workspace, agent_id, services().policy, execution_endpoint=form.endpoint()
        )
        delivery = deliver_test(agent) if tests else None
    flash("The execution endpoint has been saved.", "success")
    return _to_agent(principal, agent_id, test=delivery.id if delivery else None)


def _page(
    principal: Principal,
    agent: Agent,
    form: EndpointForm,
    *,
    test: TestCall | None = None,
    focus: str | None = None,
) -> str:
    return render_template(
        "agent/show.html",
        agent=agent,
        health=health_of(agent),
        form=form,
        test=test,
        focus=focus,
        endpoint_error=_endpoint_error(agent),
        older_failure=older_failed_session(agent),
        overview=agent_overview(principal, agent),
        signing=signing_card(principal.workspace.slug, agent),
        base_url=public_root(),
    )


def _stored_form(agent: Agent) -> EndpointForm:
    """Return the form filled with what is stored, or empty if that cannot be decrypted."""
    with suppress(UnreadableSecret):
        return endpoint_form(endpoint_of(agent))
    return endpoint_form(None)


def _endpoint_error(agent: Agent) -> str | None:
    """Say why the endpoint that is stored cannot be shown or called."""
    try:
        endpoint_of(agent)
    except UnreadableSecret as error:
        return error.message
    return None


def _endpoint_host(agent: Agent) -> str | None:
    """Return where the agent is called, which stays unknown if that cannot be decrypted."""
    with suppress(UnreadableSecret):
        endpoint = endpoint_of(agent)
        return urlsplit(endpoint.url).hostname if endpoint else None
    return None


def _to_agent(
    principal: Principal, agent_id: UUID, test: UUID | None = None
) -> ResponseReturnValue:
    place = url_for(
        "agent.show",
        workspace_slug=principal.workspace.slug,
        agent_id=agent_id,
        test=test,
        _anchor="test-call" if test else None,
    )
    return redirect(place, 303)
