"""Loading the program: what a command needs, once it is called, and as fast as can be.

Each process of `opensink up` is a command, so what one of them does not need, none has to wait for.
"""

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, or listed in its help.

    `modules` names each command's module in the package; `rotate-key` is `rotate_key` there.
    https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
    """

    def __init__(
        self, *arguments: Any, package: str, modules: Mapping[str, str], **more: Any
    ) -> None:
        super().__init__(*arguments, **more)
        self._package = package
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None where there is none of this name."""
        if cmd_name not in self._modules:
            return None
        module = _imported(f"{self._package}.{self._modules[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


def _imported(name: str) -> Any:
    """Import a module without collecting garbage: it makes none, and looking takes a fifth more."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        keep_what_is_loaded()
        gc.enable()


def keep_what_is_loaded() -> None:
    """Take all objects made so far out of garbage collection; they stay until the process ends.

    It then ends in 0.03 s instead of 0.4, and processes forked from it go on sharing the memory.
    """
    gc.freeze()
