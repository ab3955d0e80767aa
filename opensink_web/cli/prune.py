"""`opensink prune`: deletes what has been kept for as long as the settings say, at once."""

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.models import Workspace, db
from opensink_web.models.transaction import reading
from opensink_web.operations.kept import Kept, term_of
from opensink_web.operations.retention import count_prunable, plans
from opensink_web.settings import Settings
from opensink_web.work.chores import DELETING, do_chores, kept_days, pruning

_SECONDS_PER_LINE = 5.0


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@takes_settings()
def prune(settings: Settings, *, dry_run: bool) -> None:
    """Delete what ended longer ago than RETENTION_DAYS_... or its workspace says.

    Servers may keep running. The sweeper does the same every minute.
    """
    days = kept_days(settings)
    with in_application(settings):
        with reading():
            planned = plans(days)
        for plan in planned:
            with reading():
                count = count_prunable(plan.kind, plan.cutoff, plan.scope)
                owner = plan.scope.workspace_id
                place = f" in {db.session.get_one(Workspace, owner).slug}" if owner else ""
            verb = "would be" if dry_run else "are being"
            span = f"{plan.days} day{'s' if plan.days > 1 else ''}"
            click.echo(
                f"{plan.kind.capitalize()}{place}, kept for {span}: {count:,} {verb} deleted."
            )
        rest = " other" if any(plan.scope.workspace_id for plan in planned) else ""
        for each in (each for each in Kept if not days[term_of(each)]):
            click.echo(f"All{rest} {each} are kept.")
        # sessions are marked first, and what was marked is deleted then
        for chores in () if dry_run else (pruning(settings), DELETING):
            while do_chores(chores, _SECONDS_PER_LINE):
                click.echo("There is more to delete.")
    if not dry_run:
        click.echo("Done.")
