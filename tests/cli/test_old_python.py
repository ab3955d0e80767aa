"""A Python that is too old is told so, by the files that it can still read."""

import ast
import subprocess
import sys

import pytest

from tests.support.opensink_up import ROOT

OLD = "import sys; sys.version_info = (3, 9, 7, 'final', 0); "


@pytest.mark.parametrize(
    ("code", "returncode"),
    [
        ("sys.argv = ['app.py']; import runpy; runpy.run_path('app.py', run_name='__main__')", 1),
        ("import opensink_web.cli", 1),
    ],
)
def test_the_version_is_named(code: str, returncode: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OLD + code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == returncode
    assert "OpenSink needs Python 3.11 or newer, and this is 3.9." in done.stderr


@pytest.mark.parametrize("file", ["app.py", "opensink_web/__init__.py"])
def test_the_files_that_say_so_have_no_newer_syntax(file: str) -> None:
    ast.parse((ROOT / file).read_text(), feature_version=(3, 7))
