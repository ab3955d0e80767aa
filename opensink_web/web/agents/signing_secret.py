"""The signing secret of an agent, a function or a job: shown, replaced, the old one given up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web import clock
from opensink_web.errors import Conflict, UnreadableSecret
from opensink_web.models import Agent, BackgroundJob, Function
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.agent import lock_agent
from opensink_web.operations.agents.queries import find_agent
from opensink_web.operations.agents.signing_secret import (
    Owner,
    end_signing_overlap,
    note_secret_shown,
    rotate_signing_secret,
    signing_secret_of,
)
from opensink_web.operations.executions.function import lock_function
from opensink_web.operations.executions.queries.function import find_function
from opensink_web.operations.jobs.job import lock_job
from opensink_web.operations.jobs.queries import find_job
from opensink_web.web.access import requires

blueprint = Blueprint("signing_secret", __name__)
_OF_AGENT = "/w/<workspace_slug>/admin/agents/<uuid:agent_id>/signing-secret"
_OF_FUNCTION = "/w/<workspace_slug>/functions/<namespace>/<name>/signing-secret"
_OF_JOB = "/w/<workspace_slug>/jobs/<uuid:job_id>/signing-secret"
_SAID_AFTER = {
    "rotated": "There is a new signing secret. Give it to what receives these calls now.",
    "overlap_ended": "The previous secret no longer signs anything.",
}


@dataclass(frozen=True, slots=True)
class SigningCard:
    """What a page shows of a signing secret: not itself, but how it stands and where it is had."""

    show_href: str
    rotate_href: str
    end_overlap_href: str
    in_use_since: datetime
    overlap_ends_at: datetime | None


def signing_card(slug: str, owner: Owner) -> SigningCard | None:
    """Return the card of an agent, a function or a job; None where nothing is signed."""
    if not owner.is_signed:
        return None
    overlaps = owner.signing_overlaps_at(clock.now())
    return SigningCard(
        show_href=_address(slug, owner, "show"),
        rotate_href=_address(slug, owner, "rotate"),
        end_overlap_href=_address(slug, owner, "end_overlap"),
        in_use_since=owner.signing_rotated_at or owner.created_at,
        overlap_ends_at=owner.signing_overlap_ends_at if overlaps else None,
    )


@blueprint.post(_OF_AGENT)
@requires("agents", Action.WRITE)
def show_of_agent(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Show the secret; by POST alone, so that no link leads to it and going back shows nothing."""
    return _show(principal, find_agent(principal.workspace, agent_id))


@blueprint.post(_OF_AGENT + "/rotate")
@requires("agents", Action.WRITE)
def rotate_of_agent(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Replace the secret."""
    with writing():
        agent = lock_agent(principal.workspace, agent_id)
        rotate_signing_secret(principal.workspace, agent)
    return _done(principal, agent, "rotated")


@blueprint.post(_OF_AGENT + "/end-overlap")
@requires("agents", Action.WRITE)
def end_overlap_of_agent(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Give the previous secret up before its time."""
    with writing():
        agent = lock_agent(principal.workspace, agent_id)
        end_signing_overlap(agent)
    return _done(principal, agent, "overlap_ended")


@blueprint.post(_OF_FUNCTION)
@requires("functions", Action.WRITE)
def show_of_function(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Show the secret; by POST alone, so that no link leads to it and going back shows nothing."""
    return _show(principal, find_function(principal.workspace, namespace, name))


@blueprint.post(_OF_FUNCTION + "/rotate")
@requires("functions", Action.WRITE)
def rotate_of_function(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Replace the secret."""
    with writing():
        function = lock_function(principal.workspace, namespace, name)
        rotate_signing_secret(principal.workspace, function)
    return _done(principal, function, "rotated")


@blueprint.post(_OF_FUNCTION + "/end-overlap")
@requires("functions", Action.WRITE)
def end_overlap_of_function(principal: Principal, namespace: str, name: str) -> ResponseReturnValue:
    """Give the previous secret up before its time."""
    with writing():
        function = lock_function(principal.workspace, namespace, name)
        end_signing_overlap(function)
    return _done(principal, function, "overlap_ended")


@blueprint.post(_OF_JOB)
@requires("background_jobs", Action.WRITE)
def show_of_job(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Show the secret; by POST alone, so that no link leads to it and going back shows nothing."""
    return _show(principal, find_job(principal.workspace, job_id))


@blueprint.post(_OF_JOB + "/rotate")
@requires("background_jobs", Action.WRITE)
def rotate_of_job(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Replace the secret."""
    with writing():
        job = lock_job(principal.workspace, job_id)
        rotate_signing_secret(principal.workspace, job)
    return _done(principal, job, "rotated")


@blueprint.post(_OF_JOB + "/end-overlap")
@requires("background_jobs", Action.WRITE)
def end_overlap_of_job(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Give the previous secret up before its time."""
    with writing():
        job = lock_job(principal.workspace, job_id)
        end_signing_overlap(job)
    return _done(principal, job, "overlap_ended")


def _show(principal: Principal, owner: Owner) -> ResponseReturnValue:
    place = _place(principal.workspace.slug, owner)
    try:
        secret = signing_secret_of(principal.workspace, owner)
    except (Conflict, UnreadableSecret) as error:
        flash(error.message, "danger")
        return redirect(place, 303)
    with writing():
        note_secret_shown(owner)
    return render_template(
        "signing_secret/show.html", secret=secret, back=place, name=_name(owner), kind=_kind(owner)
    )


def _done(principal: Principal, owner: Owner, event: str) -> ResponseReturnValue:
    flash(_SAID_AFTER[event], "success")
    return redirect(_place(principal.workspace.slug, owner), 303)


def _kind(owner: Owner) -> str:
    match owner:
        case Agent():
            return "agent"
        case Function():
            return "function"
        case BackgroundJob():
            return "job"
        case unknown:
            assert_never(unknown)


def _name(owner: Owner) -> str:
    return f"{owner.namespace}/{owner.name}" if isinstance(owner, Function) else owner.name


def _place(slug: str, owner: Owner) -> str:
    return url_for(f"{_kind(owner)}.show", **_address_values(slug, owner))


def _address(slug: str, owner: Owner, view: str) -> str:
    return url_for(f"signing_secret.{view}_of_{_kind(owner)}", **_address_values(slug, owner))


def _address_values(slug: str, owner: Owner) -> dict[str, Any]:
    if isinstance(owner, Function):
        return {"workspace_slug": slug, "namespace": owner.namespace, "name": owner.name}
    return {"workspace_slug": slug, f"{_kind(owner)}_id": owner.id}
