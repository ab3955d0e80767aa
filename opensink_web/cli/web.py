"""`opensink web`: the part of `opensink up` that answers browsers and programs, alone."""

from socket import socket

import click

from opensink_web.cli.options import takes_settings
from opensink_web.cli.part import part_application
from opensink_web.cli.web_server import serve
from opensink_web.factory import ROUTES, create_app
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import listening_socket


@click.command()
@click.option(
    "--fd", "descriptor", type=int, hidden=True, help="A socket that is already listening."
)
@takes_settings("host", "port")
def web(settings: Settings, descriptor: int | None) -> None:
    """Answer browsers and agents."""
    if descriptor is not None:
        serve(part_application(settings, create_app), ROUTES, settings, socket(fileno=descriptor))
    else:
        with listening_socket(settings) as listener:
            serve(part_application(settings, create_app), ROUTES, settings, listener)
