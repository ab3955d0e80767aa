"""`opensink status`: how the server is, read from the database and Redis, what is wrong first."""

import json
import sys

import click

from opensink_web.cli.options import takes_settings
from opensink_web.cli.verdict import shown
from opensink_web.operations.status.checks import findings_of
from opensink_web.operations.status.condition import Condition, read_condition
from opensink_web.operations.status.figures import COUNTED_MAX
from opensink_web.operations.status.finding import Verdict
from opensink_web.operations.status.report import as_json, worst
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import at_its_address
from opensink_web.supervisor.installation import check_installed
from opensink_web.wiring import visiting_app
from opensink_web.work.backlog import BacklogReader
from opensink_web.work.connection import announcing_connection
from opensink_web.work.presence import readiness
from opensink_web.work.queue import Limits


@click.command()
@click.option("--json", "is_json", is_flag=True, help="Print everything as JSON.")
@takes_settings()
def status(settings: Settings, *, is_json: bool) -> None:
    """Show how the server is and what waits; exit with 1 if something does not work."""
    check_installed(settings)
    settings = at_its_address(settings)
    with announcing_connection(settings.redis_url) as connection:
        state = readiness(connection)
    with visiting_app(settings).app_context():
        condition = read_condition(settings, state, BacklogReader(Limits.of(settings)).read)
    findings = list(findings_of(condition))
    if is_json:
        click.echo(json.dumps(as_json(condition, findings), indent=2))
    else:
        wrong = [finding for finding in findings if finding.verdict is not Verdict.OK]
        for finding in sorted(wrong, key=lambda each: each.verdict.value):
            click.echo(shown(finding))
        if not wrong:
            click.echo(f"All well: each of {len(findings)} checks passed.")
        _print_figures(condition)
    if worst(findings) is Verdict.FAIL:
        sys.exit(1)


def _print_figures(condition: Condition) -> None:
    database = condition.database
    if database is None or not database.is_current:
        return
    hour = database.last_hour
    waiting = sum(each.count for each in database.waiting)
    more = "+" if any(each.count >= COUNTED_MAX for each in database.waiting) else ""
    click.echo(
        f"Requests: {waiting:,}{more} wait for people; {hour.requests:,} came in the last hour."
    )
    took = "" if hour.median_ms is None else f", half of them within {hour.median_ms:,.0f} ms"
    click.echo(
        f"Calls to agents in the last hour: {hour.calls:,}, {hour.failed_calls:,} failed{took}."
    )
    for each in database.backlog:
        if each.due or each.leased or each.lost:
            kind = each.kind.replace("_", " ")
            click.echo(f"{kind}: {each.due:,} due, {each.leased:,} being done, {each.lost:,} lost.")
