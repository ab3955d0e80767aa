"""The documents keep up with the code: links, names, commands, settings, tables and samples.

That the samples work is tried in tests/cli/test_documents.py.
"""

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import opensink_web
from opensink_web.cli import commands
from opensink_web.models import AuditAction
from opensink_web.schema.gallery import constructs
from opensink_web.settings import described_settings
from tests import gallery_pictures
from tests.support.documents import PASTED, ROOT, Block, anchors, blocks, links, pages, prose

PAGES = pages()
DOCS = ROOT / "docs"
DECISIONS = DOCS / "decisions"
GUIDES = DOCS / "guides"
CONNECTING = DOCS / "connecting"
BLOCKS = [block for page in PAGES for block in blocks(page)]
FRAGMENTS = {
    "installs and starts OpenSink": "pip install",
    "runs the tests": "tests",
    "runs until it is stopped": "opensink dev",  # tests/cli/test_dev.py starts it
    "changes the lock files": "uv pip compile",
    "needs PostgreSQL and Redis": "DATABASE_URL=postgresql",
    "needs a mail server": "SMTP_HOST",
    "needs root and systemd": "systemctl",  # tests/deploy carries out what these two begin
    "needs a container runtime": "docker compose up",
    "the server must be stopped": "opensink restore",
    "takes a minute": "--drop-old",
    "the account needs a second factor": "reset-second-factor",
}
"""Why a block may not be run, and what it then has to contain."""
SAMPLE_NOTES = {"", "keeps running", "somebody answers"}
# what is no setting of the server's
OTHER_VARIABLES = {
    *(
        "OPENSINK_URL",
        "OPENSINK_API_KEY",
        "OPENSINK_ANSWER",
        "CHROMIUM",
        "PASSWORD",
        "POSTGRES_PASSWORD",
    ),
    "SETTINGS",
    *("AGENT", "SESSION", "REQUEST", "EXECUTION", "BATCH", "JSON"),
}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_each_is_short() -> None:
    longest = {ROOT / "README.md": 150, ROOT / "CHANGELOG.md": 10_000}
    longest |= dict.fromkeys(DECISIONS.glob("*.md"), 40)
    lengths = {_name(page): len(page.read_text().splitlines()) for page in PAGES}
    limits = {_name(page): longest.get(page, 200) for page in PAGES}
    assert {name: length for name, length in lengths.items() if length > limits[name]} == {}


def test_each_is_in_an_index() -> None:
    indexes = [folder / "README.md" for folder in (DOCS, DECISIONS, GUIDES, CONNECTING)]
    indexed = {target for index in indexes for target in links(index)}
    written = {page.name for page in DOCS.rglob("*.md")} - {"README.md"}
    assert {name for name in written if name not in indexed} == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def test_no_paragraph_stands_twice() -> None:
    paragraphs = [
        " ".join(paragraph.split())
        for page in PAGES
        if page.name != "CHANGELOG.md"
        for paragraph in re.split(r"\n\s*\n", prose(page))
    ]
    repeated = Counter(text for text in paragraphs if len(text) > 200)
    assert [text for text, count in repeated.items() if count > 1] == []


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "CHANGELOG.md"], ids=_name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:[a-z0-9_.]+/)+(?:[a-z0-9_-]+\.[a-z0-9]+)?)`", page.read_text())
    missing = [
        path
        for path in named
        if not path.startswith(("var/", "api/v1"))
        and not any((ROOT / top / path).exists() for top in ("", "opensink_web", "docs"))
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_modules_that_are_run_exist(page: Path) -> None:
    modules = re.findall(r"python -m (tests[\w.]*)", page.read_text())
    assert [name for name in modules if find_spec(name) is None] == []


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent != ROOT], ids=_name)
def test_variables_that_are_named_exist(page: Path) -> None:
    known = {setting.variable for setting in described_settings().values()} | OTHER_VARIABLES
    named = set(re.findall(r"[`$ ]([A-Z]+_[A-Z_]+[A-Z])\b(?![(…_])", page.read_text()))
    constants = {"TIMEOUT_MS", "PR_SET_DUMPABLE"}
    assert named - known - constants - {"KEY_RESOURCES", "PAGE_RESOURCES"} == set()


def _commands_in(text: str) -> list[list[str]]:
    """Return the arguments of each call of `opensink` in a text."""
    lines = re.findall(r"(?:^|[`(|]|bin/)opensink ([a-z][^\n`|)]*)", text, re.MULTILINE)
    return [shlex.split(line.partition(" #")[0].partition(" >")[0]) for line in lines]


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "CHANGELOG.md"], ids=_name)
def test_commands_exist_with_their_options(page: Path) -> None:
    for arguments in _commands_in(page.read_text()):
        command: click.Command = commands
        for name in arguments:
            if isinstance(command, click.Group):
                found = command.get_command(click.Context(command), name)
                assert found is not None, arguments
                command = found
        options = {option for each in command.params for option in each.opts}
        assert {each for each in arguments if each.startswith("--")} <= options, arguments


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_blocks_of_code_can_be_read(block: Block) -> None:
    match block.language:
        case "python":
            ast.parse(block.text)
        case "json":
            json.loads(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "sh":
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
        case _:
            assert block.language in {"html", "js", "mermaid", "mjs", "nginx", "text"}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_what_is_not_run_has_a_reason_and_it_is_true(block: Block) -> None:
    if block.is_fragment:
        assert FRAGMENTS[block.note] in block.text
    else:
        assert block.note in (SAMPLE_NOTES if block.language in PASTED else {""})


def test_the_page_of_the_settings_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(commands, ["settings"], catch_exceptions=False).output
    assert (DOCS / "configuration.md").read_text() == printed, (
        "write it again: .venv/bin/opensink settings > docs/configuration.md"
    )
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", printed, re.MULTILINE)) == {
        setting.variable for setting in described_settings().values() if setting.description
    }


def test_the_page_of_schemas_is_what_the_gallery_says() -> None:
    assert gallery_pictures.PAGE.read_text() == gallery_pictures.page_text(), (
        "write it again: .venv/bin/python -m tests.gallery_pictures"
    )


def test_every_picture_of_a_form_is_small_and_of_one_that_is_there() -> None:
    pictures = list(gallery_pictures.PICTURES.glob("*"))
    assert {each.stem for each in pictures} <= set(constructs())
    assert max((each.stat().st_size for each in pictures), default=0) <= (
        gallery_pictures.PICTURE_BYTES_MAX
    )


def test_the_page_of_accounts_names_every_event_of_the_audit_log() -> None:
    everyday = ("request_", "draft_", "decision_", "delivery_", "batch_", "execution_cancelled")
    logged = {each.value for each in AuditAction if not each.value.startswith(everyday)}
    table = (DOCS / "accounts.md").read_text().partition("| About | Events |")[2]
    assert set(re.findall(r"`([a-z_]+_[a-z]+)`", table)) == logged


def test_the_map_names_every_module_and_no_other() -> None:
    named = re.findall(r"^    ([a-z_]+)/? +\S", opensink_web.__doc__ or "", re.MULTILINE)
    package = ROOT / "opensink_web"
    there = {path.name for path in package.iterdir() if list(path.glob("*.py"))}
    there |= {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    assert sorted(named) == sorted(there)


def test_modules_that_a_map_of_a_package_names_exist() -> None:
    named = [
        init.parent / name
        for init in (ROOT / "opensink_web").rglob("__init__.py")
        for name in re.findall(r"^(?:    )?([a-z_]+)/?  +\w", _docstring(init), re.MULTILINE)
    ]
    assert len(named) > 100
    assert [
        path for path in named if not path.exists() and not path.with_suffix(".py").exists()
    ] == []


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def test_python_is_the_one_that_the_readme_asks_for() -> None:
    assert sys.version_info >= (3, 11)
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()
    assert "Python 3.11 or newer" in (ROOT / "README.md").read_text()
