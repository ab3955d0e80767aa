"""The demo's button: has the supervised trading agent ask something, and shows the question.

The program is a child of `opensink up` that runs while its settings file exists. Nothing here
starts it: a file is written, and a moment later it answers on loopback.
"""

import time

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from opensink_web import clock, json_value
from opensink_web.demo import settings_file
from opensink_web.demo.trading_agent import AgentSettings
from opensink_web.errors import ConfigurationError, InvalidInput, OpenSinkError, Unavailable
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.demo import SUPERVISED, is_current, prepare_demo, revoke_demo_key
from opensink_web.outbound.client import Call, Client, Response
from opensink_web.outbound.endpoint_call import signature_headers
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.web.access import requires, services

STARTS_WITHIN_SECONDS = 8.0
_PAUSE_SECONDS = 0.1
_TIMEOUT_SECONDS = 15.0
_SHOWN_CHARACTERS = 300
_LOOPBACK = EndpointPolicy.from_entries(("127.0.0.0/8",))

blueprint = Blueprint("demo", __name__)


@blueprint.post("/w/<workspace_slug>/demo/start")
@requires("agents", Action.WRITE)
def start(principal: Principal) -> ResponseReturnValue:
    """Begin a session of the demo's agent and go to what it asks."""
    slug = principal.workspace.slug
    try:
        request_id = _ask(principal)
    except OpenSinkError as problem:
        flash(problem.message, "danger")
        return redirect(url_for("inbox.show", workspace_slug=slug), 303)
    flash("The trading agent is waiting for your answer.", "success")
    place = url_for("input_request.show", workspace_slug=slug, request_id=request_id)
    return redirect(place, 303)


def _ask(principal: Principal) -> str:
    """Return the id of a new request. Raises: ConfigurationError; Unavailable."""
    if not services().settings.supervised:
        raise ConfigurationError(
            "The trading agent runs under `opensink up`, but this server's parts run alone."
            " Run `opensink demo` on this machine instead."
        )
    program = _program(principal)
    try:
        return _start_session(program)
    except Unavailable:
        # what listens at its port may be somebody else by now: once more, at another
        return _start_session(_program(principal, failed=program))


def _program(principal: Principal, failed: AgentSettings | None = None) -> AgentSettings:
    """Return the settings the program runs with: those it has if they serve, else new ones."""
    settings = services().settings
    with settings_file.held(settings.data_dir):
        kept = settings_file.read(settings.data_dir)
        with reading():
            serves = kept is not None and is_current(
                kept, principal.workspace, base_url=settings.public_url
            )
        if kept is not None and serves and kept != failed:
            return kept
        return _renewed(principal, kept)


def _renewed(principal: Principal, kept: AgentSettings | None) -> AgentSettings:
    settings = services().settings
    with writing():
        if kept is not None:
            revoke_demo_key(kept)
        program = prepare_demo(
            principal,
            services().policy,
            SUPERVISED,
            base_url=settings.public_url,
            port=settings_file.free_port(),
        )
    settings_file.write(settings.data_dir, program)
    return program


def _start_session(program: AgentSettings) -> str:
    """Have the program ask, as soon as it listens; return the request's id.

    Raises: Unavailable, saying where to look.
    """
    call = Call(
        method="POST",
        url=f"http://127.0.0.1:{program.port}/start",
        headers=signature_headers("start", (program.secret,), clock.now(), b""),
        body=b"",
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    with Client(_LOOPBACK) as client:
        answer = client.send(call)
        while _is_not_up(answer) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
            answer = client.send(call)
    return _request_id(answer)


def _is_not_up(answer: Response) -> bool:
    return answer.error is not None and answer.error.code == "connection_refused"


def _request_id(answer: Response) -> str:
    if _is_not_up(answer):
        raise Unavailable(
            f"The trading agent did not start within {STARTS_WITHIN_SECONDS:g} seconds."
            " The terminal in which `opensink up` runs says why."
        )
    text = answer.body.decode("utf-8", "replace")
    try:
        body = json_value.parse(text)
    except InvalidInput:
        body = None
    if not answer.succeeded or not isinstance(body, dict) or "request_id" not in body:
        reason = answer.error.message if answer.error else text[:_SHOWN_CHARACTERS]
        raise Unavailable(f"The trading agent could not start a session: {reason}")
    return str(body["request_id"])
