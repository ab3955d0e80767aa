"""`opensink doctor`: prints what diagnosis found; exits with 1 if something has to be mended."""

import sys

import click

from opensink_web.cli.diagnosis import diagnose
from opensink_web.cli.options import takes_settings
from opensink_web.cli.verdict import shown
from opensink_web.operations.status.finding import Verdict
from opensink_web.settings import Settings


@click.command()
@click.option(
    "--wait",
    "waits",
    is_flag=True,
    help="Also test a response that takes a minute, as with ?wait=.",
)
@takes_settings("host", "port")
def doctor(settings: Settings, *, waits: bool) -> None:
    """Show what is misconfigured and how to fix it."""
    findings = []
    for finding in diagnose(settings, waits=waits):
        findings.append(finding)
        click.echo(shown(finding))
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        sys.exit(1)
