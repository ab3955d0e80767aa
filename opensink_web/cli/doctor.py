"""`opensink doctor`: prints what diagnosis found; exits with 1 if something has to be mended."""

import sys
from typing import assert_never

import click

from opensink_web.cli.diagnosis import diagnose
from opensink_web.cli.finding import Verdict
from opensink_web.cli.options import takes_settings
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
        verdict = click.style(f"{finding.verdict.value:<4}", fg=_colour(finding.verdict))
        click.echo(f"{verdict}  {finding.subject}: {finding.sentence}")
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        sys.exit(1)


def _colour(verdict: Verdict) -> str:
    match verdict:
        case Verdict.OK:
            return "green"
        case Verdict.WARN:
            return "yellow"
        case Verdict.FAIL:
            return "red"
        case _:
            assert_never(verdict)
