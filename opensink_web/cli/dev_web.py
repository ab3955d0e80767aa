"""The web server of `opensink dev`, which asks for no sign-in and no key.

It is no command of `opensink`: started by `opensink dev` alone, with a socket that listens on
loopback, and with what opens its doors on a descriptor (dev/admission.py).
"""

from functools import partial
from socket import socket

import click
from flask import Flask

from opensink_web.cli import begin_process, run
from opensink_web.cli.part import part_application
from opensink_web.cli.web_server import serve
from opensink_web.dev.admission import Admission, read_admission
from opensink_web.dev.door import open_door
from opensink_web.errors import ConfigurationError
from opensink_web.factory import ROUTES, create_app
from opensink_web.models import db
from opensink_web.models.transaction import reading
from opensink_web.operations.accounts.api_key import principal_of_key
from opensink_web.setting_values import is_loopback
from opensink_web.settings import Settings


@click.command()
@click.argument("listener_fd", type=int)
@click.argument("admission_fd", type=int)
def dev_web(listener_fd: int, admission_fd: int) -> None:
    """Answer whoever is on this machine."""
    begin_process()
    settings = Settings.from_env()
    listener = checked(socket(fileno=listener_fd))
    admission = read_admission(admission_fd)
    serve(part_application(settings, partial(open_app, admission)), ROUTES, settings, listener)


def checked(listener: socket) -> socket:
    """Return the socket. Raises: ConfigurationError for one that others reach."""
    if not is_loopback(listener.getsockname()[0]):
        raise ConfigurationError("`opensink dev` listens on loopback alone.")
    return listener


def open_app(admission: Admission, settings: Settings) -> Flask:
    """Make the application. Raises: ConfigurationError for a key of another database."""
    app = create_app(settings)
    with app.app_context():
        try:
            with reading():
                is_let_in = principal_of_key(admission.api_key) is not None
        finally:
            db.engine.dispose()
    if not is_let_in:
        raise ConfigurationError("What opens the doors of `opensink dev` is of another database.")
    return open_door(app, admission)


if __name__ == "__main__":
    run(dev_web)
