"""`opensink demo`: the trading agent in this terminal, from its question to what it executed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.demo.settings_file import free_port
from opensink_web.demo.trading_agent import JSON, AgentSettings, TradingAgent, server_of
from opensink_web.errors import Unavailable
from opensink_web.models.transaction import writing
from opensink_web.operations.demo import IN_TERMINAL, demo_owner, prepare_demo, revoke_demo_key
from opensink_web.outbound.policy import TargetPolicy
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import settings_of_parts

POLL_SECONDS = 0.5


@click.command()
@click.option("--user", "email", metavar="EMAIL", help="The admin it asks for [the first one].")
@takes_settings("host", "port")
def demo(settings: Settings, email: str | None) -> None:
    """Run a trading agent here, which asks you before it trades."""
    settings = settings_of_parts(settings)
    with in_application(settings):
        program, workspace_slug = _prepare(settings, email)
        try:
            with _listening(program):
                _converse(TradingAgent(program), workspace_slug)
        except OSError as error:  # which the exceptions of requests are
            raise _unavailable(error, settings) from None
        finally:
            with writing():
                revoke_demo_key(program)


def _prepare(settings: Settings, email: str | None) -> tuple[AgentSettings, str]:
    policy = TargetPolicy.from_entries(settings.execution_endpoint_hosts)
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
        return Unavailable(f"The server refused what the trading agent asked for: {error}")
    return Unavailable(
        f"No server answers at {settings.public_url}. Start it with `opensink up`, or say where it"
        " is with --port or PUBLIC_URL."
    )


def _converse(agent: TradingAgent, workspace_slug: str) -> None:
    asked = agent.start()
    click.echo("The trading agent proposes trades and waits for your answer:")
    click.echo(f"{agent.settings.base_url}/w/{workspace_slug}/requests/{asked['request_id']}")
    click.echo("Ctrl-C ends it.")
    session_id = asked["session_id"]
    try:
        session = _ended(agent, session_id)
    except KeyboardInterrupt:
        given_up = {"status": "failed", "error_message": "The demo was ended in the terminal."}
        agent.api("PATCH", f"agent-sessions/{session_id}", given_up)
        click.echo("Ended before there was an answer.")
        return
    if session["status"] == "failed":
        raise Unavailable(f"The session failed: {session['error_message']}")
    for line in _report(agent, session_id):
        click.echo(line)


def _ended(agent: TradingAgent, session_id: str) -> JSON:
    """Wait until the session has ended, and return it."""
    session = agent.api("GET", f"agent-sessions/{session_id}")
    while session["status"] not in {"completed", "failed"}:
        time.sleep(POLL_SECONDS)
        session = agent.api("GET", f"agent-sessions/{session_id}")
    return session


def _report(agent: TradingAgent, session_id: str) -> list[str]:
    """Return what the agent logged, in the order it happened."""
    logged = agent.api("GET", f"agent-session-activities?session_id={session_id}&type=message")
    return [activity["message"] for activity in reversed(logged["items"])]
