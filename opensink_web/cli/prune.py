"""`opensink prune`: deletes what has been kept for as long as the settings say, at once."""

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.models.transaction import reading
from opensink_web.operations.retention import count_prunable, cutoffs
from opensink_web.settings import Settings
from opensink_web.work.chores import DELETING, do_chores, kept_days, pruning

_SECONDS_PER_LINE = 5.0


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@takes_settings()
def prune(settings: Settings, *, dry_run: bool) -> None:
    """Delete what ended longer ago than RETENTION_DAYS_... allow; servers may keep running.

    The sweeper does the same every minute.
    """
    days = kept_days(settings)
    with in_application(settings):
        for kind, cutoff in cutoffs(days).items():
            with reading():
                count = count_prunable(kind, cutoff)
            verb = "would be" if dry_run else "are being"
            span = f"{days[kind]} day{'s' if days[kind] > 1 else ''}"
            click.echo(f"{kind.capitalize()}, kept for {span}: {count:,} {verb} deleted.")
        for kind in (kind for kind, span in days.items() if not span):
            click.echo(f"All {kind} are kept.")
        # sessions are marked first, and what was marked is deleted then
        for chores in () if dry_run else (pruning(settings), DELETING):
            while do_chores(chores, _SECONDS_PER_LINE):
                click.echo("There is more to delete.")
    if not dry_run:
        click.echo("Done.")
