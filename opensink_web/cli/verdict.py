"""How what a check found is printed."""

from typing import assert_never

import click

from opensink_web.operations.status.finding import Finding, Verdict


def shown(finding: Finding) -> str:
    """Return a line for the terminal."""
    verdict = click.style(f"{finding.verdict.value:<4}", fg=_colour(finding.verdict))
    return f"{verdict}  {finding.subject}: {finding.sentence}"


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
