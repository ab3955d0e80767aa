"""A package with functions, installed as pip would, and a runner that finds it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensink_web.function_host.runner import PythonRunner
from opensink_web.settings import Settings

SAMPLES = Path(__file__).parent / "samples"
SIZES = {"memory_mb": 160, "file_mb": 2}


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the package's modules and metadata, on the path of this process."""
    folder = tmp_path_factory.mktemp("packages")
    metadata = folder / "sample_functions-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sample-functions\n")
    names = []
    for sample in SAMPLES.glob("*.py"):
        (folder / f"sample_{sample.name}").write_text(sample.read_text())
        names.append(f"{sample.stem} = sample_{sample.stem}:handler\n")
    (folder / "sample_readme.py").write_text(example_in_docs())
    names.append("readme = sample_readme:deploy\n")
    (metadata / "entry_points.txt").write_text("[opensink.functions]\n" + "".join(names))
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def function_environment(packages: Path) -> dict[str, str]:
    """What a worker that was started with these packages on its path gives its functions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(packages))
        for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS"):
            patch.setenv(name, "a secret of ours")
        patch.setenv("SOMETHING", "else")
        return Settings.from_env({}).function_environment()


@pytest.fixture(scope="session")
def runner(function_environment: dict[str, str]) -> Iterator[PythonRunner]:
    """Shared by all tests of a process, as a worker's is by all calls."""
    with PythonRunner(function_environment, **SIZES) as made:
        yield made


def example_in_docs() -> str:
    """Return the module that docs/functions.md shows."""
    page = (Path(__file__).parents[2] / "docs/functions.md").read_text()
    return page.partition("its `our_functions.py`:\n\n```python\n")[2].partition("```")[0]


def is_alive(process_id: int) -> bool:
    """Return True if a process is there and no zombie."""
    try:
        os.kill(process_id, 0)
        return ") Z" not in Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
