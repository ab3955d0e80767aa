"""`opensink up`: everything at once, as one process tree, from nothing but this package."""

from socket import socket

import click

from opensink_web.cli.options import takes_settings
from opensink_web.cli.whole import COMMAND, whole_server
from opensink_web.dev.folder import leave_to_server
from opensink_web.isolation.limits import set_readable
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.invitation import invite_first_admin
from opensink_web.operations.accounts.queries import user_count
from opensink_web.settings import Settings
from opensink_web.supervisor import checks
from opensink_web.supervisor.child import ChildSpec
from opensink_web.supervisor.stop_request import StopRequest


@click.command()
@takes_settings("host", "port", "workers")
def up(settings: Settings) -> None:
    """Start everything: web, workers, sweeper and, without REDIS_URL, a server for Redis."""
    set_readable(False)
    stop = StopRequest()
    stop.install()
    checks.check_data_dir(settings)
    with checks.locked_data_dir(settings.data_dir), checks.listening_socket(settings) as listener:
        leave_to_server(settings.data_dir)
        checks.check_database(settings)
        if not settings.embeds_redis:
            checks.check_redis(settings)
        settings = settings.for_children(listener.getsockname()[1])
        checks.leave_address(settings)
        _run(settings, listener, stop)


def _run(settings: Settings, listener: socket, stop: StopRequest) -> None:
    descriptor = listener.fileno()
    argv = (*COMMAND, "web", "--fd", str(descriptor))
    web = ChildSpec("web", argv, settings.environment(), (descriptor,))
    with whole_server(settings, listener, _first_sign_up_token, web) as (tree, token):
        _greet(settings, token)
        tree.run_until(stop)


def _first_sign_up_token() -> str | None:
    """Return what stands in the link for the first account; None where there is one."""
    with reading():
        if user_count():
            return None
    with writing():
        return invite_first_admin()


def _greet(settings: Settings, sign_up_token: str | None) -> None:
    click.echo(f"OpenSink is at {settings.public_url}")
    click.echo(f"Everything is kept in {settings.data_dir}")
    if sign_up_token is not None:
        url = f"{settings.public_url}/sign-up/{sign_up_token}"
        click.echo(f"Create the first account here (the link works once): {url}")
    click.echo("Ctrl-C stops it.")
