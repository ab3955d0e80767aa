"""The command line: every command reads its settings, wires what it needs, and speaks plainly.

    up          everything at once, as one process tree
    dev         the same for agents' authors: no account, no key, an inbox in the terminal
    dev_web     its web server, which is no command
    whole       what both start
    web         the web server alone
    worker      a worker alone
    sweeper     the sweeper alone
    part        what these three begin with
    web_server  http_server, started from our settings
    database    db upgrade, current
    user        user create, user reset-link, user reset-second-factor
    workspace   workspace create
    api_key     api-key create
    prune       prune: deletes what has been kept for long enough
    audit       audit verify, checkpoint, export, erase: who did what, and proof
    backup      backup, restore: the database, and with it the keys, in one file
    archive     that file
    snapshot    a consistent copy of a SQLite database in use
    rotate_key  rotate-key: encrypts the secrets with a new key while servers run
    doctor      doctor: prints what diagnosis found
    status      status: how a running server is, what is wrong first
    verdict     how both print what they found
    batch       batch submit, batch status: many executions from a file, through the API
    execution   execution show: one of them
    remote      the options that stand for a server and a key
    demo        demo: the trading agent in this terminal
    openapi     openapi: the API's description
    settings    settings: every setting, for docs/configuration.md
    diagnosis   what can be misconfigured, and how to mend it
    application the Flask application on a database that was checked
    options     the options that stand for settings
    loading     importing a command when it is called
    log_lines   how lines of the log are written

Exit codes: 0 done, 1 refused (the sentence says why), 2 misconfigured or misused.
"""

import os
import sys
from collections.abc import Sequence

import click

from opensink_web.cli import log_lines
from opensink_web.cli.loading import LazyGroup
from opensink_web.errors import ConfigurationError, OpenSinkError

MODULES = {
    "up": "up",
    "dev": "dev",
    "web": "web",
    "worker": "worker",
    "sweeper": "sweeper",
    "db": "database",
    "user": "user",
    "workspace": "workspace",
    "api-key": "api_key",
    "doctor": "doctor",
    "status": "status",
    "demo": "demo",
    "openapi": "openapi",
    "settings": "settings",
    "rotate-key": "rotate_key",
    "prune": "prune",
    "audit": "audit",
    "backup": "backup",
    "restore": "backup",
    "batch": "batch",
    "execution": "execution",
}
"""Where each command is."""


@click.group(cls=LazyGroup, package=__name__, modules=MODULES)
def commands() -> None:
    """The control room in which people answer AI agents."""
    begin_process()


def begin_process() -> None:
    """Set what holds for each process of ours."""
    os.umask(0o077)  # what is written holds people's data and keys
    log_lines.set_up()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command (that of the process unless given) and end the process."""
    run(commands, arguments)


def run(command: click.Command, arguments: Sequence[str] | None = None) -> None:
    """Run one, say in a sentence why it is refused, and end the process."""
    try:
        command.main(arguments, prog_name="opensink")
    except OpenSinkError as error:
        click.echo(f"opensink: {error.message}", err=True)
        sys.exit(2 if isinstance(error, ConfigurationError) else 1)
