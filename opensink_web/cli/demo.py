"""`opensink demo`: the trading agent in this terminal, from its question to what it executed."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.demo.settings_file import free_port
from opensink_web.demo.trading_agent import JSON, AgentSettings, TradingAgent, server_of
from opensink_web.errors import Unavailable
from opensink_web.models.transaction import writing
from opensink_web.operations.demo import IN_TERMINAL, demo_owner, prepare_demo, revoke_demo_key
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import settings_of_parts

POLL_SECONDS = 0.5


@click.command()
@click.option("--user", "email", metavar="EMAIL", help="The admin it acts for [the first one].")
@takes_settings("host", "port")
def demo(settings: Settings, email: str | None) -> None:
    """Run a trading agent here that asks you before it trades."""
    settings = settings_of_parts(settings)
    with in_application(settings), _ctrl_c_noted() as is_given_up:
        program, workspace_slug = _prepare(settings, email)
        try:
            with _listening(program):
                _converse(TradingAgent(program), workspace_slug, is_given_up)
        except OSError as error:  # which the exceptions of requests are
            raise _unavailable(error, settings) from None
        finally:
            with writing():
                revoke_demo_key(program)


def _prepare(settings: Settings, email: str | None) -> tuple[AgentSettings, str]:
    policy = EndpointPolicy.from_entries(settings.execution_endpoint_hosts)
    with writing():
        owner = demo_owner(email)
        program = prepare_demo(
            owner, policy, IN_TERMINAL, base_url=settings.public_url, port=free_port()
        )
        return program, owner.workspace.slug


@contextmanager
def _listening(program: AgentSettings) -> Iterator[None]:
    with server_of(program) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def _unavailable(error: OSError, settings: Settings) -> Unavailable:
    if getattr(error, "response", None) is not None:
        return Unavailable(f"The server refused a request from the trading agent: {error}")
    return Unavailable(
        f"No server answers at {settings.public_url}. Start it with `opensink up`, or say where it"
        " is with --port or PUBLIC_URL."
    )


def _converse(agent: TradingAgent, workspace_slug: str, is_given_up: Callable[[], bool]) -> None:
    started = agent.start()
    click.echo("The trading agent proposes trades and waits for your answer:")
    click.echo(f"{agent.settings.base_url}/w/{workspace_slug}/requests/{started['request_id']}")
    click.echo("Ctrl-C stops it.")
    session_id = started["session_id"]
    session = _ended(agent, session_id, is_given_up)
    if session is None:
        given_up = {"status": "failed", "error_message": "The demo was stopped in the terminal."}
        agent.api("PATCH", f"agent-sessions/{session_id}", given_up)
        click.echo("Stopped before there was an answer.")
        return
    if session["status"] == "failed":
        raise Unavailable(f"The session failed: {session['error_message']}")
    for line in _report(agent, session_id):
        click.echo(line)


@contextmanager
def _ctrl_c_noted() -> Iterator[Callable[[], bool]]:
    """Note Ctrl-C, to be asked for, instead of an exception that may be raised anywhere.

    Raised in a destructor it would be dropped; between the question and the wait for its answer, or
    while a first Ctrl-C is followed, the question and the agent's key would stay. A shell's
    background job has Ctrl-C ignored until it is handled.
    """
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: noted.append(number))
    try:
        yield lambda: bool(noted)
    finally:
        signal.signal(signal.SIGINT, before)


def _ended(agent: TradingAgent, session_id: str, is_given_up: Callable[[], bool]) -> JSON | None:
    """Wait until the session has ended, and return it; None when it is given up before."""
    while not is_given_up():
        session = agent.api("GET", f"agent-sessions/{session_id}")
        if session["status"] in {"completed", "failed"}:
            return session
        time.sleep(POLL_SECONDS)
    return None


def _report(agent: TradingAgent, session_id: str) -> list[str]:
    """Return what the agent logged, in the order it happened."""
    logged = agent.api("GET", f"agent-session-activities?session_id={session_id}&type=message")
    return [activity["message"] for activity in reversed(logged["items"])]
