"""`opensink audit`: what happened, and proof that it is as it was written down."""

import json
import sys
from contextlib import suppress
from typing import TextIO
from uuid import UUID

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.errors import InvalidInput, NotFound
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.queries import find_user, find_workspace, list_workspaces
from opensink_web.operations.audit.checkpoint import Checkpoint, sign
from opensink_web.operations.audit.erasure import (
    erase_mentions,
    erase_some,
    mentions_after,
    names_of,
)
from opensink_web.operations.audit.export import ExportFormat, written
from opensink_web.operations.audit.queries import AuditFilter, all_entries
from opensink_web.operations.audit.verification import Pruned, verify_workspace
from opensink_web.operations.slices import slices
from opensink_web.settings import Settings


@click.group()
def audit() -> None:
    """Prove that the audit is as it was written, and write it out."""


@audit.command()
@click.option("--workspace", metavar="SLUG", help="Only this one [all].")
@click.option(
    "--checkpoint",
    "file",
    type=click.File(),
    help="What `opensink audit checkpoint` printed, as it was kept elsewhere.",
)
@takes_settings()
def verify(settings: Settings, workspace: str | None, file: TextIO | None) -> None:
    """Go through the chain of the audit, and name the first entry that is wrong.

    Servers may keep running. Ends with 1 if anything is wrong.
    """
    is_wrong = False
    checkpoints = _read(file) if file is not None else []
    with in_application(settings):
        for workspace_id, name in _chosen(workspace):
            result = verify_workspace(
                workspace_id,
                [each for each in checkpoints if each.workspace_id == str(workspace_id)],
            )
            erased = f", {result.erased_count:,} values erased" if result.erased_count else ""
            if result.fault is None:
                click.echo(f"{name}: {result.count:,} entries, as they were written{erased}.")
                click.echo(f"  The last one's hash is {result.hash}.")
                if result.pruned is not None and result.checkpoint is not None:
                    click.echo(_beginning(result.begin.seq, result.pruned, result.checkpoint))
            else:
                is_wrong = True
                click.echo(f"{name}: WRONG. {result.fault.message}")
                click.echo(f"  The {result.count:,} entries before hold.")
    sys.exit(1 if is_wrong else 0)


def _beginning(begins_after: int, pruned: Pruned, signed: Checkpoint) -> str:
    """Say what is gone at the beginning of a chain, and by which checkpoint what is left holds."""
    return (
        f"  It begins after entry {begins_after}: on {pruned.at:%Y-%m-%d} those up to"
        f" {pruned.until} were too old to be kept.\n"
        f"  Their last one's hash is {signed.hash},\n"
        f"  signed {signed.at} with the key {signed.key}:\n"
        f"  {signed.signature}"
    )


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


@audit.command()
@click.option("--workspace", metavar="SLUG", help="Only this one [all].")
@takes_settings()
def checkpoint(settings: Settings, workspace: str | None) -> None:
    """Print a signed checkpoint of each chain, a line of JSON, to be kept elsewhere."""
    with in_application(settings):
        for workspace_id, _ in _chosen(workspace):
            with writing():
                made = sign(workspace_id)
            if made is not None:
                click.echo(made.line)


def _read(file: TextIO) -> list[Checkpoint]:
    """Raises: InvalidInput."""
    try:
        return [Checkpoint(**json.loads(line)) for line in file if line.strip()]
    except (TypeError, ValueError):
        raise InvalidInput(
            "A checkpoint is a line of JSON as `opensink audit checkpoint` prints it."
        ) from None


@audit.command()
@click.argument("person")
@click.option("--workspace", metavar="SLUG", help="Only this one [all].")
@takes_settings()
def erase(settings: Settings, person: str, workspace: str | None) -> None:
    """Erase what the audit says of PERSON, an e-mail address or an id; the chain still holds.

    Of what they did: the address, the program and how they were called. Of what was done to them:
    what changed; of all else: what changed, if that names them by their e-mail address. It cannot
    be undone, and is an entry itself.
    """
    with in_application(settings):
        person_id = _person_called(person)
        for workspace_id, name in _chosen(workspace):
            total = _erase_person(workspace_id, person_id)
            click.echo(f"{name}: {total:,} values are erased.")


def _erase_person(workspace_id: UUID, person_id: UUID) -> int:
    """Erase all that one audit says of somebody; return how many values."""
    with reading():
        names = set(names_of(workspace_id, person_id))
        user = db.session.get(User, person_id)
        names |= {user.email} if user else set()
    total, count = 0, 1
    while count:
        with writing():
            count = erase_some(db.session.get_one(Workspace, workspace_id), person_id)
        total += count
    after: int | None = 0
    while after is not None:
        with reading():
            mentions = mentions_after(workspace_id, names, after)
        for seqs in slices([*mentions.seqs.items()]):
            with writing():
                workspace = db.session.get_one(Workspace, workspace_id)
                total += erase_mentions(workspace, person_id, dict(seqs))
        after = mentions.next_after
    return total


def _person_called(name: str) -> UUID:
    """Return whose id or address it is; an id may be of somebody who is gone. Raises: NotFound."""
    with suppress(ValueError):
        return UUID(name)
    with reading():
        user = find_user(name)
        if user is None:
            raise NotFound("There is no account with this e-mail address. Give its id instead.")
        return user.id


def _chosen(slug: str | None) -> list[tuple[UUID, str]]:
    """Return ids and slugs. Raises: NotFound."""
    with reading():
        chosen = [find_workspace(slug)] if slug else list_workspaces()
        return [(each.id, each.slug) for each in chosen]
