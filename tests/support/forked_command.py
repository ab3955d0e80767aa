"""Commands in processes forked from a server that has imported the application once.

A command then starts in a tenth of a second instead of one; from there on it is the real thing,
with an environment, standard streams and an exit code of its own.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from opensink_web.cli import main

TIMEOUT_SECONDS = 90
_forkserver = get_context("forkserver")
PRELOADED = "tests.support.preloaded"
_forkserver.set_forkserver_preload([PRELOADED])


def main_with_path(arguments: Sequence[str]) -> None:
    """Run a command that finds what PYTHONPATH names, though this process is a forked one."""
    sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
    main(arguments)


def run_command(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, text: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder to its end, with `text` on its standard input."""
    with TemporaryDirectory(prefix="oscommand") as streams:
        paths = tuple(Path(streams) / name for name in ("stdin", "stdout", "stderr"))
        for path, content in zip(paths, (text, "", ""), strict=True):
            path.write_text(content)
        process = _forkserver.Process(
            target=_become, args=(list(arguments), dict(environment), folder, paths)
        )
        process.start()
        process.join(TIMEOUT_SECONDS)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(arguments), TIMEOUT_SECONDS)
        return subprocess.CompletedProcess(
            list(arguments), process.exitcode, paths[1].read_text(), paths[2].read_text()
        )


def _become(
    arguments: list[str], environment: dict[str, str], folder: Path, streams: tuple[Path, ...]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, path in enumerate(streams):
        file = os.open(path, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - multiprocessing has closed the first one
    main(arguments)
