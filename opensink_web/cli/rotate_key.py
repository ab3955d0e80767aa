"""`opensink rotate-key`: encrypts the secrets with a new key while servers run.

The new key goes to the front of the file at once. Servers read the file again before they encrypt
and when they meet a key they do not know, so they follow by themselves. A run that was killed is
gone on with by the next. Old keys stay until --drop-old, for what was encrypted a moment ago.
"""

import sys
import time
from collections.abc import Iterator

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.errors import Conflict
from opensink_web.keyring import KeyFile, id_of, new_key
from opensink_web.models.sealed import keyring
from opensink_web.models.transaction import reading
from opensink_web.operations.sealed import Batch, count_by_key, reseal
from opensink_web.settings import Settings

DROP_AFTER_SECONDS = 60
"""Longer than any transaction: whoever encrypted with an old key has committed by then."""

PASSES_MAX = 10
_IN_ENVIRONMENT = """\
The keys are in ENCRYPTION_KEYS, which only you can change:
1. Add a new key (`opensink rotate-key --print-new`) after the current one, separated by a comma,
   for every part of the installation, and restart the parts: all of them can now read it.
2. Put the new key first, everywhere, and restart the parts: they now encrypt with it.
3. Run `opensink rotate-key` with the same ENCRYPTION_KEYS: it re-encrypts older values.
4. Remove the old key. Earlier backups can only be read with it, so keep it with them."""


@click.command("rotate-key")
@click.option("--drop-old", is_flag=True, help="Create no new key, and delete the old ones.")
@click.option("--print-new", is_flag=True, help="Print a key for ENCRYPTION_KEYS and exit.")
@takes_settings()
def rotate_key(settings: Settings, *, drop_old: bool, print_new: bool) -> None:
    """Encrypt the secrets in the database with a new key; servers may keep running."""
    if print_new:
        click.echo(new_key())
        return
    with in_application(settings):
        file = keyring().file
        if file is None:
            _rotate_given(drop_old=drop_old)
            return
        with file.locked():
            if drop_old:
                _drop_old(file)
            else:
                _rotate(file)


def _rotate_given(*, drop_old: bool) -> None:
    """Encrypt with the first key that is given. Raises: Conflict when that has been done."""
    if drop_old or not _count_old():
        raise Conflict(_IN_ENVIRONMENT)
    _encrypt_old()
    click.echo("The other keys can be removed from ENCRYPTION_KEYS; keep them with old backups.")


def _rotate(file: KeyFile) -> None:
    if _count_old():
        click.echo("Continuing the last rotation.")
    else:
        file.write((new_key(), *file.read()))
        click.echo(f"There is a new key (id {id_of(file.read()[0])}).")
    _encrypt_old()
    if len(file.read()) > 1:
        click.echo(
            f"Old keys are still in {file.path}. In a minute, delete them with `opensink"
            " rotate-key --drop-old`; backups made before today's rotation can only be read with"
            " them."
        )


def _drop_old(file: KeyFile) -> None:
    wait_seconds = DROP_AFTER_SECONDS - file.age_seconds()
    if wait_seconds > 0:
        click.echo(f"Waiting {wait_seconds:.0f} s for transactions that began with an old key.")
        time.sleep(wait_seconds)
    _encrypt_old()
    first, *old = file.read()
    file.write((first,))
    click.echo(f"{len(old)} old {'key is' if len(old) == 1 else 'keys are'} deleted.")


def _encrypt_old() -> None:
    """Encrypt with the first key until nothing is left. Raises: Conflict for what stays."""
    total, done, unreadable = _count_old(), 0, 0
    for _ in range(PASSES_MAX):
        unreadable = 0
        for batch in _gently(reseal()):
            done += batch.done
            unreadable += batch.unreadable
            _show(done, total)
        if _count_old() <= unreadable:
            break
    click.echo(f"{done} {'value is' if done == 1 else 'values are'} encrypted with the new key.")
    left = _count_old()
    if left:
        raise Conflict(
            f"{left} values could not be encrypted with the new key: they were in use, or are"
            " damaged. Run this again; any that remain are damaged and must be entered again. No"
            " key was deleted."
        )


def _gently(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Leave the database to others for as long as it was taken from them."""
    began = time.monotonic()
    for batch in batches:
        yield batch
        time.sleep(time.monotonic() - began)
        began = time.monotonic()


def _show(done: int, total: int) -> None:
    """Show progress in place at a terminal; elsewhere only the end is of interest."""
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {max(total, done)}", nl=False, err=True)


def _count_old() -> int:
    """Count what is encrypted with a key that is here, but not the first."""
    with reading():
        counts = count_by_key()
    return sum(counts[key_id] for key_id in keyring().ids()[1:])
