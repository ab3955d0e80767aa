"""Escalation: the chains, making and changing one, and when its steps would come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web import clock
from opensink_web.errors import Conflict, InvalidInput, NotFound
from opensink_web.models import EscalationChain, EscalationRevision
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.queries import all_teams, list_members
from opensink_web.operations.agents.queries import agents_by_name
from opensink_web.operations.executions.queries.function import functions_by_name
from opensink_web.operations.notifications.chain import create_chain, delete_chain, update_chain
from opensink_web.operations.notifications.plan import Plan, plan_of, said_as_working_time
from opensink_web.operations.notifications.queries import (
    all_chains,
    count_running,
    find_chain,
    newest_plan,
    newest_plans,
    revisions_of,
)
from opensink_web.operations.notifications.working_time import after_working
from opensink_web.web.access import requires
from opensink_web.web.notifications.escalation_form import ChainForm, Subjects

blueprint = Blueprint("escalation", __name__)
_CHAINS = "/w/<workspace_slug>/admin/escalation"
_OFFERED = 1000
"""Of agents and of functions, to choose one."""
_CHAIN = _CHAINS + "/<uuid:chain_id>"


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step in words; `at` is when it would come, None for never."""

    after: str
    whom: str
    is_assigned: bool
    at: str | None = None


@dataclass(frozen=True, slots=True)
class ChainRow:
    """A line of the list; `running` is how many requests wait by it."""

    chain: EscalationChain
    subject: str
    time_zone: str
    steps: Sequence[StepLine]
    running: int


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """What a chain said from a moment on."""

    revision: EscalationRevision
    steps: Sequence[StepLine]


@dataclass(frozen=True, slots=True)
class Preview:
    """When the steps would come if it was asked at a moment, in the chain's own zone."""

    begins: str
    begins_at: str
    time_zone: str
    steps: Sequence[StepLine]


@blueprint.get(_CHAINS)
@requires("escalation_chains", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the chains."""
    chains = all_chains(principal.workspace)
    plans, running = newest_plans(chains), count_running(chains)
    subjects = _subjects(principal)
    rows = [
        ChainRow(
            chain,
            _subject_of(chain),
            plans[chain.id].time_zone,
            _lines(plans[chain.id], subjects),
            running.get(chain.id, 0),
        )
        for chain in chains
    ]
    return render_template("escalation/index.html", rows=rows)


@blueprint.route(_CHAINS + "/new", methods=["GET", "POST"])
@requires("escalation_chains", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make a chain."""
    return _edited(principal, None)


@blueprint.route(_CHAIN + "/edit", methods=["GET", "POST"])
@requires("escalation_chains", Action.WRITE)
def edit(principal: Principal, chain_id: UUID) -> ResponseReturnValue:
    """Change a chain."""
    return _edited(principal, find_chain(principal.workspace, chain_id))


@blueprint.post(_CHAIN + "/delete")
@requires("escalation_chains", Action.WRITE)
def delete(principal: Principal, chain_id: UUID) -> ResponseReturnValue:
    """Delete a chain."""
    with writing():
        name = delete_chain(principal.workspace, chain_id)
    flash(f"The chain {name} is deleted.", "success")
    return _back(principal)


def _edited(principal: Principal, chain: EscalationChain | None) -> ResponseReturnValue:
    """Store what was sent; or show when its steps would come, which stores nothing."""
    subjects = _subjects(principal)
    plan = None if chain is None else newest_plan(chain)
    chain_id = None if chain is None else chain.id
    form = ChainForm.of(subjects, chain, plan)
    preview = None if plan is None else _preview(plan, clock.now(), subjects)
    if form.validate_on_submit():
        try:
            fields = form.fields()
            if request.form.get("do") == "preview":
                preview = _preview(fields.plan, form.moment(), subjects)
            else:
                with writing():
                    user = principal.user
                    if chain_id is None:
                        create_chain(principal.workspace, fields, by=user)
                    else:
                        update_chain(principal.workspace, chain_id, fields, by=user)
                flash(f"The chain {fields.name} is saved.", "success")
                return _back(principal)
        except (InvalidInput, Conflict, NotFound) as error:
            form.show(error)
    chain = None if chain_id is None else find_chain(principal.workspace, chain_id)
    page = render_template(
        "escalation/edit.html",
        form=form,
        chain=chain,
        preview=preview,
        revisions=[] if chain is None else _revisions(chain, subjects),
    )
    return page, 422 if form.errors else 200


def _subjects(principal: Principal) -> Subjects:
    workspace = principal.workspace
    return Subjects(
        agents_by_name(workspace, _OFFERED),
        functions_by_name(workspace, _OFFERED),
        list_members(workspace),
        all_teams(workspace),
    )


def _subject_of(chain: EscalationChain) -> str:
    if chain.agent is not None:
        return f"Agent {chain.agent.name}"
    if chain.function is not None:
        return f"Function {chain.function.namespace}/{chain.function.name}"
    return "All that have none of their own"


def _lines(plan: Plan, subjects: Subjects, begins: datetime | None = None) -> list[StepLine]:
    """Return the steps in words, with when they would come if it was asked at a moment."""
    calendar, lines = plan.calendar, []
    for step in plan.steps:
        due = None if begins is None else after_working(calendar, begins, step.after_minutes)
        lines.append(
            StepLine(
                said_as_working_time(step.after_minutes) if step.after_minutes else "At once",
                subjects.name_of(step),
                step.also_assign,
                None if due is None else _said(due.astimezone(calendar.zone)),
            )
        )
    return lines


def _preview(plan: Plan, moment: datetime, subjects: Subjects) -> Preview:
    local = moment.astimezone(plan.calendar.zone)
    return Preview(
        _said(local),
        f"{local:%Y-%m-%dT%H:%M}",
        plan.time_zone,
        _lines(plan, subjects, moment),
    )


def _said(local: datetime) -> str:
    return f"{local:%A, %Y-%m-%d %H:%M}"


def _revisions(chain: EscalationChain, subjects: Subjects) -> list[RevisionRow]:
    return [RevisionRow(each, _lines(plan_of(each.plan), subjects)) for each in revisions_of(chain)]


def _back(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("escalation.index", workspace_slug=principal.workspace.slug), 303)
