"""`opensink batch`: submit a file of inputs, and see how far a batch is."""

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from typing import Any, BinaryIO

import click

from opensink_client import Batch, Client
from opensink_web.cli.remote import takes_server
from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject, parse

FAILURES_SHOWN = 10
POLL_SECONDS = 0.5


@click.group()
def batch() -> None:
    """Execute a function for many inputs."""


@batch.command()
@click.argument("function", metavar="NAMESPACE/NAME")
@click.argument("inputs", type=click.File("rb"), metavar="INPUTS.JSONL")
@click.option("--wait", is_flag=True, help="Wait until the batch has ended, and show its progress.")
@click.option("--prefix", metavar="TEXT", help="The prefix of the executions' trigger ids.")
@click.option(
    "--delay",
    metavar="SECONDS",
    type=click.IntRange(min=0),
    help="How long to wait before starting.",
)
@click.option("--callback-url", metavar="URL", help="The URL to call when an execution ends.")
@click.option("--batch-callback-url", metavar="URL", help="The URL to call when the batch ends.")
@takes_server
def submit(
    server: Client,
    function: str,
    inputs: BinaryIO,
    prefix: str | None,
    delay: int | None,
    callback_url: str | None,
    batch_callback_url: str | None,
    *,
    wait: bool,
) -> None:
    """Execute a function for each line of a file, or of standard input (-): a JSON object each."""
    namespace, name = _split(function)
    taken = server.execute_batch(
        namespace,
        name,
        list(_read(inputs)),
        trigger_id_prefix=prefix,
        delay_seconds=delay,
        callback_url=callback_url,
        batch_callback_url=batch_callback_url,
    )
    click.echo(f"batch {taken.batch_id}: {taken.total} executions queued")
    if wait:
        _wait(server, taken.batch_id, taken.total)


@batch.command()
@click.argument("batch_id", metavar="ID")
@click.option("--wait", is_flag=True, help="Wait until the batch has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print the API's response.")
@takes_server
def status(server: Client, batch_id: str, *, wait: bool, as_json: bool) -> None:
    """Print a batch's progress; exit with 1 if it has ended and not all of it succeeded."""
    submitted = server.get_batch(batch_id)
    if wait and submitted.finished_at is None:
        _wait(server, batch_id, submitted.total)
        return
    if as_json:
        click.echo(json.dumps(asdict(submitted), indent=2))
        _exit_as(submitted)
    _report(server, submitted)


def _split(function: str) -> tuple[str, str]:
    namespace, slash, name = function.partition("/")
    if not namespace or not slash or not name or "/" in name:
        raise click.UsageError("Give the function as NAMESPACE/NAME, for example billing/charge.")
    return namespace, name


def _read(lines: Iterable[bytes]) -> Iterable[JSONObject]:
    """Return the inputs; empty lines are passed over. Raises: InvalidInput naming the line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = parse(line)
        except InvalidInput as error:
            raise InvalidInput(f"Line {number} is not JSON. {error.message}") from None
        if not isinstance(value, dict):
            raise InvalidInput(f"Line {number} is not a JSON object; every input must be one.")
        yield value


def _wait(server: Client, batch_id: str, total: int) -> None:
    """Show how far the batch is until it has ended; on Ctrl-C, how to come back to it."""
    try:
        with click.progressbar(length=total, label="executed", show_pos=True) as bar:
            while _show(bar, batch := server.get_batch(batch_id)):
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        click.echo(
            f"\nThe batch continues. To watch it again: opensink batch status {batch_id} --wait",
            err=True,
        )
        sys.exit(130)
    _report(server, batch)


def _show(bar: Any, found: Batch) -> bool:
    """Move the bar, and return True if there is more to come."""
    ended = found.completed + found.failed + found.cancelled
    if found.awaiting_input:
        bar.label = f"executed ({found.awaiting_input} waiting for a person)"
    bar.update(ended - bar.pos)
    return found.finished_at is None


def _report(server: Client, found: Batch) -> None:
    names = ("completed", "failed", "cancelled", "awaiting_input", "running", "queued")
    counts = [f"{getattr(found, name)} {name.replace('_', ' ')}" for name in names]
    said = ", ".join(each for each in counts if not each.startswith("0 ")) or "nothing"
    click.echo(f"{found.target['namespace']}/{found.target['name']} {found.status}: {said}")
    if found.failed:
        _report_failures(server, found)
    _exit_as(found)


def _report_failures(server: Client, found: Batch) -> None:
    failed = server.batch_executions(found.batch_id, status="failed")
    for each in islice(failed, FAILURES_SHOWN):
        first_line = (each.error or "").partition("\n")[0]
        click.echo(f"  {each.execution_id} {each.trigger_id}: {first_line}")
    if found.failed > FAILURES_SHOWN:
        click.echo(f"  … and {found.failed - FAILURES_SHOWN} more")


def _exit_as(found: Batch) -> None:
    sys.exit(1 if found.finished_at and found.status != "completed" else 0)
