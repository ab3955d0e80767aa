"""Carries out a Containerfile in a folder: an image without a container runtime.

The image's own folders stand below that folder, its stages share them, and the numbers of its
user are one's own. What it would fetch is there already: the packages of this Python.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_OWN_FOLDERS = re.compile(
    r"(?<![\w./-])/(?=(?:src|wheels|opt|build|var/lib/opensink|etc/opensink)\b)"
)
_USER = re.compile(r"\b10001\b")


@dataclass
class Image:
    """A folder in which a Containerfile is carried out, and what stands in its last stage."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    entry_point: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health_check: str = ""
    user: str = ""

    @property
    def tools(self) -> Path:
        """Return the folder with the `python` that the image begins with."""
        return self.root / "tools"

    def mapped(self, text: str) -> str:
        """Return a text with the image's folders below the root."""
        return _OWN_FOLDERS.sub(f"{self.root}/", text)

    def environment(self, variables: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what a process of the image has in its environment: nothing of one's own."""
        given = {"PATH": "/usr/local/bin:/usr/bin:/bin", **self.variables, **(variables or {})}
        environment = {name: self.mapped(text) for name, text in given.items()}
        environment["PATH"] += f":{self.tools}"
        packages = str(self.root / "packages")
        return {**environment, "HOME": str(self.root), "PYTHONPATH": packages, "PIP_NO_INDEX": "1"}

    def build(self, containerfile: Path, context: Path) -> None:
        """Carry out the lines of a Containerfile."""
        self.tools.mkdir(parents=True)
        base_python: str = sys._base_executable  # type: ignore[attr-defined]
        (self.tools / "python").symlink_to(base_python)
        _offer_packages(self.root / "packages")
        folder = self.root
        for word, rest in _instructions(containerfile.read_text()):
            match word:
                case "FROM":
                    self.variables.clear()
                    folder = self.root
                case "WORKDIR":
                    folder = Path(self.mapped(rest))
                    folder.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    self._copy(rest, context, folder)
                case "RUN":
                    command = ["bash", "-euc", _USER.sub(str(os.getuid()), self.mapped(rest))]
                    subprocess.run(command, cwd=folder, env=self.environment(), check=True)
                case _:
                    self._note(word, rest)

    def _note(self, word: str, rest: str) -> None:
        """Keep what is said of processes that will run."""
        match word:
            case "ENV":
                self.variables |= dict(part.split("=", 1) for part in shlex.split(rest))
            case "HEALTHCHECK":
                self.health_check = rest.partition("CMD ")[2]
            case "ENTRYPOINT":
                self.entry_point = json.loads(rest)
            case "CMD":
                self.command = json.loads(rest)
            case "USER":
                self.user = rest
            case "VOLUME" | "EXPOSE":
                pass  # nothing to carry out
            case _:
                raise AssertionError(f"nobody knows here what {word} does")

    def _copy(self, rest: str, context: Path, folder: Path) -> None:
        first, *others = rest.split()
        if first.startswith("--from="):
            assert all(Path(self.mapped(path)).exists() for path in others), rest
            return
        *sources, target = first, *others
        for source in sources:
            goal = folder / target
            if (context / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(context / source, goal, ignore=ignored)
            else:
                shutil.copy(context / source, goal)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        yield word, " ".join(rest.split())


def _offer_packages(folder: Path) -> None:
    """Link all that is installed here but what the image has of its own: OpenSink and pip."""
    folder.mkdir()
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not re.match(r"_?_?(opensink|editable|pip\b|.*\.pth$)", path.name):
            (folder / path.name).symlink_to(path)
