"""The options that stand for settings: `--port` is PORT, and goes before it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from opensink_web.settings import PORT_DEFAULT, Settings

_OPTIONS = {
    "host": click.option("--host", metavar="ADDRESS", help="Where to listen [127.0.0.1; HOST]."),
    "port": click.option(
        "--port", metavar="NUMBER", help=f"The port to listen on [{PORT_DEFAULT}; PORT]."
    ),
    "workers": click.option("--workers", metavar="NUMBER", help="Worker processes [2; WORKERS]."),
    "data_dir": click.option(
        "--data-dir", metavar="FOLDER", help="The folder for all data [var; DATA_DIR]."
    ),
}


def takes_settings(
    *names: str,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command options for these settings and --data-dir, and pass it the `Settings` first.

    Running it raises: ConfigurationError.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def with_settings(**values: Any) -> None:
            given = {name: values.pop(name) for name in (*names, "data_dir")}
            changes = {name.upper(): text for name, text in given.items() if text is not None}
            command(Settings.from_env(changes=changes), **values)

        decorated: Callable[..., None] = with_settings
        for name in ("data_dir", *reversed(names)):
            decorated = _OPTIONS[name](decorated)
        return decorated

    return decorate
