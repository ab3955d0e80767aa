"""`opensink web`, `worker` and `sweeper`: the parts of `opensink up`, each alone."""

import click
from flask import Flask

from opensink_web.cli.application import keep_what_is_loaded, ready_application
from opensink_web.cli.options import takes_settings
from opensink_web.cli.web_server import serve
from opensink_web.factory import create_app
from opensink_web.jobs.sweeper import run_sweeper
from opensink_web.jobs.worker import run_worker
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import check_redis, listening_socket


@click.command()
@click.option("--fd", "descriptor", type=int, hidden=True, help="A socket that listens already.")
@takes_settings("host", "port")
def web(settings: Settings, descriptor: int | None) -> None:
    """Answer browsers and agents."""
    if descriptor is not None:
        serve(_application(settings), settings, descriptor)
    else:
        with listening_socket(settings) as listener:
            serve(_application(settings), settings, listener.detach())


@click.command()
@takes_settings()
def worker(settings: Settings) -> None:
    """Call endpoints, and run Python functions."""
    app = _application(settings)
    services: Services = app.extensions[EXTENSION]
    run_worker(settings, app.app_context, services.signer)


@click.command()
@takes_settings()
def sweeper(settings: Settings) -> None:
    """Find what is due, what has expired, and what was lost on the way."""
    run_sweeper(settings, _application(settings).app_context)


def _application(settings: Settings) -> Flask:
    """Check what the part needs, unless the supervisor has: then it waits for what is away."""
    if settings.supervised:
        application = create_app(settings)
    else:
        check_redis(settings)
        application = ready_application(settings)
    keep_what_is_loaded()
    return application
