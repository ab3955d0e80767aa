"""`opensink audit`: what happened, and proof that it is as it was written down."""

import sys
from uuid import UUID

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.models.transaction import reading
from opensink_web.operations.accounts.queries import find_workspace, list_workspaces
from opensink_web.operations.audit.export import ExportFormat, written
from opensink_web.operations.audit.queries import AuditFilter, all_entries
from opensink_web.operations.audit.verification import verify_workspace
from opensink_web.settings import Settings


@click.group()
def audit() -> None:
    """Prove that the audit is as it was written, and write it out."""


@audit.command()
@click.option("--workspace", metavar="SLUG", help="Only this one [all].")
@takes_settings()
def verify(settings: Settings, workspace: str | None) -> None:
    """Go through the chain of the audit, and name the first entry that is wrong.

    Servers may keep running. Ends with 1 if anything is wrong.
    """
    is_wrong = False
    with in_application(settings):
        for workspace_id, name in _chosen(workspace):
            result = verify_workspace(workspace_id)
            erased = f", {result.erased_count:,} values erased" if result.erased_count else ""
            if result.fault is None:
                click.echo(f"{name}: {result.count:,} entries, as they were written{erased}.")
                click.echo(f"  The last one's hash is {result.hash}.")
            else:
                is_wrong = True
                click.echo(f"{name}: WRONG. {result.fault.message}")
                click.echo(f"  The {result.count:,} entries before hold.")
    sys.exit(1 if is_wrong else 0)


@audit.command()
@click.option("--workspace", metavar="SLUG", help="The workspace [the first one].")
@click.option(
    "--format",
    "kind",
    type=click.Choice([each.value for each in ExportFormat]),
    default=ExportFormat.JSONL.value,
    help="How it is written [jsonl].",
)
@takes_settings()
def export(settings: Settings, workspace: str | None, kind: str) -> None:
    """Write the audit to standard output, oldest first."""
    with in_application(settings):
        workspace_id, _ = _chosen(workspace)[0]
        for line in written(all_entries(workspace_id, AuditFilter()), ExportFormat(kind)):
            click.echo(line, nl=False)


def _chosen(slug: str | None) -> list[tuple[UUID, str]]:
    """Return ids and slugs. Raises: NotFound."""
    with reading():
        chosen = [find_workspace(slug)] if slug else list_workspaces()
        return [(each.id, each.slug) for each in chosen]
