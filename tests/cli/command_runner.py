"""Commands run in the test's own process: another one takes a second to start."""

from dataclasses import dataclass

import click
from click.testing import CliRunner, Result

from opensink_web.settings import Settings


@dataclass(frozen=True)
class Commands:
    """Runs commands with these settings."""

    settings: Settings

    def run(self, command: click.Command, *arguments: object, **variables: str) -> Result:
        environment = self.settings.environment() | variables
        return CliRunner(env=environment).invoke(command, [str(each) for each in arguments])


def sentence(result: Result) -> str:
    """Return with what a command was refused."""
    assert result.exception is not None, result.output
    return str(result.exception)
