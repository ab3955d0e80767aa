"""No file is longer than a reader takes in: what grows is split before it has to be."""

from pathlib import Path

from tests.support.cases import for_each

ROOT = Path(__file__).parents[2]
LINES_MAX = 400
FOLDERS = ("opensink_web", "templates", "static", "tests", "clients")
MADE = ROOT / "static" / "sdk" / "opensink.js"
"""One module made of many, which are counted: clients/javascript/src."""
ENDINGS = {".py", ".html", ".js", ".css"}


def test_every_file_has_fewer_than_400_lines() -> None:
    files = [
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        # what was applied to databases stays as it was
        if path.suffix in ENDINGS
        and not {"vendor", "versions", "node_modules"} & set(path.parts)
        and path != MADE
    ]
    assert len(files) > 500

    def check(path: Path) -> None:
        assert len(path.read_text().splitlines()) < LINES_MAX

    for_each(files, check)
