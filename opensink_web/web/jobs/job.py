"""Background jobs: their list, making, changing, pausing and deleting one, and its runs."""

from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import Conflict, InvalidInput, UnreadableSecret
from opensink_web.models import BackgroundJob, JobRun, RunStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.endpoint import without_credentials
from opensink_web.operations.jobs.grid import grid_of
from opensink_web.operations.jobs.job import create_job, delete_job, run_now, update_job
from opensink_web.operations.jobs.queries import (
    endpoint_of,
    find_job,
    find_run,
    last_runs,
    list_jobs,
    list_runs,
)
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.web.access import requires, services
from opensink_web.web.agents.signing_secret import signing_card
from opensink_web.web.jobs.job_form import JobForm, job_form
from opensink_web.web.jobs.strip import strip_of
from opensink_web.web.jobs.times import interval_in_words
from opensink_web.web.rendering.kind_words import run_trigger
from opensink_web.web.rendering.listing import chosen_word, page_request, same_list
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.rendering.words import badge

blueprint = Blueprint("job", __name__)
_JOBS = "/w/<workspace_slug>/jobs"
_JOB = _JOBS + "/<uuid:job_id>"
_JOBS_PER_PAGE = 20
_TABS = (None, RunStatus.FAILED, RunStatus.SKIPPED)


@blueprint.get(_JOBS)
@requires("background_jobs", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the jobs, or to htmx the part that updates itself."""
    page = list_jobs(principal.workspace, replace(page_request(), limit=_JOBS_PER_PAGE))
    runs = last_runs([job.id for job in page.items])
    version = version_of(
        [(job.id, job.updated_at, job.next_run_at, runs[job.id]) for job in page.items]
    )
    if is_unchanged(version):
        return UNCHANGED
    return render_template(
        "job/_list.html" if _is_part() else "job/index.html",
        rows=[
            (job, interval_in_words(grid_of(job)), _host_of(job), strip_of(runs[job.id]))
            for job in page.items
        ],
        refresh_href=same_list(version=version, trail=request.args.get("trail")),
        may_write=principal.may("background_jobs", Action.WRITE),
        next_href=same_list(trail=page.trail) if page.trail else None,
        first_href=same_list() if page_request().trail else None,
    )


@blueprint.route(_JOBS + "/new", methods=["GET", "POST"])
@requires("background_jobs", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make a job."""
    form = job_form(None)
    answer = _changed_rows(form, None)
    if answer is None and form.validate_on_submit():
        try:
            with writing():
                job = create_job(principal.workspace, services().policy, form.fields())
            flash("The job has been created.", "success")
            return _to_job(principal, job.id)
        except InvalidInput as error:
            form.show(error)
    return answer or _edit_page(form, None)


@blueprint.get(_JOB)
@requires("background_jobs", Action.READ)
def show(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Show a job and its runs, or to htmx the part that updates itself."""
    job = find_job(principal.workspace, job_id)
    status = chosen_word(RunStatus, "status")
    page = list_runs(job, page_request(), status=status)
    runs = last_runs([job.id])[job.id]
    version = version_of(
        job.updated_at, job.next_run_at, job.runs_total, runs, [run.status for run in page.items]
    )
    if is_unchanged(version):
        return UNCHANGED
    is_first_page = page_request().trail is None
    may_write = principal.may("background_jobs", Action.WRITE)
    endpoint, request_error = _request_of(job)
    return render_template(
        "job/_runs.html" if _is_part() else "job/show.html",
        job=job,
        interval=interval_in_words(grid_of(job)),
        endpoint=endpoint,
        request_error=request_error,
        strip=strip_of(runs),
        runs=[(run, _error_of(run)) for run in page.items],
        trigger_text=run_trigger,
        tabs=_tabs(status),
        status=status,
        refresh_href=same_list(version=version) if is_first_page else None,
        may_write=may_write,
        signing=signing_card(principal.workspace.slug, job) if may_write else None,
        next_href=same_list(trail=page.trail) if page.trail else None,
        first_href=None if is_first_page else same_list(),
    )


@blueprint.route(_JOB + "/edit", methods=["GET", "POST"])
@requires("background_jobs", Action.WRITE)
def edit(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Change a job."""
    job = find_job(principal.workspace, job_id)
    form = job_form(job)
    answer = _changed_rows(form, job)
    if answer is None and form.validate_on_submit():
        try:
            with writing():
                update_job(principal.workspace, job_id, services().policy, **form.changes())
            flash("The job has been changed.", "success")
            return _to_job(principal, job_id)
        except InvalidInput as error:
            form.show(error)
    return answer or _edit_page(form, job)


@blueprint.post(_JOBS + "/preview")
@requires("background_jobs", Action.WRITE)
def preview(_principal: Principal) -> ResponseReturnValue:
    """Say when a job would run with the times that were sent, for the page they are typed in."""
    form = JobForm()
    status = 200 if form.every.validate(form) else 422
    return render_template("job/_next_runs.html", next_runs=form.next_runs), status


@blueprint.post(_JOB + "/pause")
@requires("background_jobs", Action.WRITE)
def pause(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Let a job run by hand alone."""
    with writing():
        update_job(principal.workspace, job_id, services().policy, is_enabled=False)
    flash("The job is paused.", "success")
    return _to_job(principal, job_id)


@blueprint.post(_JOB + "/resume")
@requires("background_jobs", Action.WRITE)
def resume(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Let a job run on schedule again."""
    with writing():
        update_job(principal.workspace, job_id, services().policy, is_enabled=True)
    flash("The job is active.", "success")
    return _to_job(principal, job_id)


@blueprint.post(_JOB + "/delete")
@requires("background_jobs", Action.WRITE)
def delete(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Delete a job with its runs."""
    with writing():
        name = delete_job(principal.workspace, job_id)
    flash(f"The job {name} is deleted.", "success")
    return redirect(url_for("job.index", workspace_slug=principal.workspace.slug), 303)


@blueprint.post(_JOB + "/run")
@requires("background_jobs", Action.WRITE)
def run(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    """Run a job now, and lead to the run."""
    try:
        with writing():
            run_id = run_now(principal.workspace, job_id).id
    except Conflict as error:
        flash(error.message, "danger")
        return _to_job(principal, job_id)
    slug = principal.workspace.slug
    place = url_for("job.show_run", workspace_slug=slug, job_id=job_id, run_id=run_id)
    return redirect(place, 303)


@blueprint.get(_JOB + "/runs/<uuid:run_id>")
@requires("background_jobs", Action.READ)
def show_run(principal: Principal, job_id: UUID, run_id: UUID) -> ResponseReturnValue:
    """Show a run, or to htmx how it stands by now."""
    job = find_job(principal.workspace, job_id)
    run = find_run(job, run_id)
    lacks_worker = run.status is RunStatus.DUE and not services().readiness().workers
    version = version_of(run.status, lacks_worker)
    if is_unchanged(version):
        return UNCHANGED
    place = url_for(
        "job.show_run", workspace_slug=principal.workspace.slug, job_id=job_id, run_id=run_id
    )
    return render_template(
        "job/_run.html" if _is_part() else "job/run.html",
        job=job,
        run=run,
        error=_error_of(run),
        response=_response_of(run),
        trigger_text=run_trigger,
        lacks_worker=lacks_worker,
        refresh_href=None if run.status.has_ended else f"{place}?version={version}",
        may_write=principal.may("background_jobs", Action.WRITE),
    )


def _is_part() -> bool:
    """Return True if a part of a page asks for itself."""
    return bool(request.htmx) and "version" in request.args


def _changed_rows(form: JobForm, job: BackgroundJob | None) -> ResponseReturnValue | None:
    """Draw the form with a header's row more or less, or its next runs, if that was asked for."""
    if "add_header" in request.form:
        form.add_header()
        return _edit_page(form, job, focus="added")
    if "remove_header" in request.form:
        form.remove_header(request.form["remove_header"])
        return _edit_page(form, job, focus="add")
    return _edit_page(form, job) if "preview" in request.form else None


def _edit_page(
    form: JobForm, job: BackgroundJob | None, *, focus: str | None = None
) -> ResponseReturnValue:
    page = render_template(
        "job/edit.html",
        form=form,
        job=job,
        focus=focus,
        request_error=_request_of(job)[1] if job else None,
    )
    return page, 422 if form.errors else 200


def _tabs(status: RunStatus | None) -> list[tuple[str, str, bool, None]]:
    return [
        (badge(tab).text if tab else "All", same_list(status=tab), tab == status, None)
        for tab in _TABS
    ]


def _request_of(job: BackgroundJob) -> tuple[EndpointSpec | None, str | None]:
    """Return what is sent without its credentials, or why it cannot be shown."""
    try:
        return without_credentials(endpoint_of(job)), None
    except UnreadableSecret as error:
        return None, error.message


def _host_of(job: BackgroundJob) -> str | None:
    """Return the host that is called, None for what cannot be decrypted."""
    with suppress(UnreadableSecret):
        return urlsplit(endpoint_of(job).url).hostname
    return None


def _error_of(run: JobRun) -> str | None:
    try:
        return run.error
    except UnreadableSecret as error:
        return error.message


def _response_of(run: JobRun) -> str | None:
    with suppress(UnreadableSecret):
        return run.response
    return None


def _to_job(principal: Principal, job_id: UUID) -> ResponseReturnValue:
    slug = principal.workspace.slug
    return redirect(url_for("job.show", workspace_slug=slug, job_id=job_id), 303)
