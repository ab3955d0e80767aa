"""`opensink sweeper`: the sweeper of `opensink up`, alone."""

import click

from opensink_web.cli.options import takes_settings
from opensink_web.cli.part import part_application
from opensink_web.settings import Settings
from opensink_web.wiring import wired_app
from opensink_web.work.sweeper import run_sweeper


@click.command()
@takes_settings()
def sweeper(settings: Settings) -> None:
    """Find what is due, what has expired, and what was lost on the way."""
    run_sweeper(settings, part_application(settings, wired_app).app_context)
