"""`opensink execution`: what became of one."""

import json
import sys
from dataclasses import asdict

import click

from opensink_client import Client, Execution
from opensink_web.cli.remote import takes_server


@click.group()
def execution() -> None:
    """Look at executions."""


@execution.command()
@click.argument("execution_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the API's response.")
@takes_server
def show(server: Client, execution_id: str, *, as_json: bool) -> None:
    """Print an execution with its steps; exit with 1 if it failed or was cancelled."""
    shown = server.get_execution(execution_id)
    if as_json:
        click.echo(json.dumps(asdict(shown), indent=2))
    else:
        _print(shown, server.execution_steps(execution_id))
    sys.exit(1 if shown.status in {"failed", "cancelled"} else 0)


def _print(found: Execution, steps: list[dict[str, object]]) -> None:
    click.echo(f"{found.function_namespace}/{found.function_name} {found.status}")
    if found.error:
        click.echo(f"error: {found.error}")
    for name in ("trigger_id", "batch_id", "duration_ms", "callback_status"):
        value = getattr(found, name)
        if value is not None:
            click.echo(f"{name}: {value}")
    click.echo(f"input: {_pretty(found.input_data)}")
    if found.output_data is not None:
        click.echo(f"output: {_pretty(found.output_data)}")
    for step in steps:
        message = f"  {step['message']}" if step.get("message") else ""
        click.echo(f"  {step['created_at']}  {step['kind']}{message}")


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
