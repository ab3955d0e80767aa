"""`opensink worker`: one of the workers of `opensink up`, alone."""

import click

from opensink_web.cli.options import takes_settings
from opensink_web.cli.part import part_application
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from opensink_web.wiring import wired_app
from opensink_web.work.worker import run_worker


@click.command()
@takes_settings()
def worker(settings: Settings) -> None:
    """Call endpoints, and run Python functions."""
    app = part_application(settings, wired_app)
    services: Services = app.extensions[EXTENSION]
    run_worker(settings, app.app_context, services.signer)
