"""Commands run where no OpenSink is: they make nothing, and name the one that there is."""

import shutil
from pathlib import Path

import pytest

from tests.support.forked_command import run_command
from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server

USER = "you@example.com"
VISITS = [
    ("user", "create", USER, "--role", "admin", "--password-stdin"),
    ("user", "reset-link", USER),
    ("user", "reset-second-factor", USER),
    ("api-key", "create", "--user", USER, "--name", "k", "--scope", "all:all"),
    ("demo",),
    ("rotate-key",),
    ("rotate-key", "--drop-old"),
    ("backup", "copy.backup"),
    ("db", "current"),
    ("web",),
    ("worker",),
    ("sweeper",),
    ("doctor",),
]
SOMETHING_ELSE = [("openapi",), ("rotate-key", "--print-new"), ("batch", "status", "x")]


def nearby(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def environment(opensink: Opensink) -> dict[str, str]:
    variables = opensink.environment(OPENSINK_API_KEY="osk_x", OPENSINK_URL="http://127.0.0.1:9")
    del variables["DATA_DIR"]
    return variables


@pytest.mark.parametrize("command", VISITS, ids=" ".join)
def test_a_command_makes_neither_a_folder_nor_a_database(
    opensink: Opensink, elsewhere: Path, command: tuple[str, ...]
) -> None:
    done = run_command(command, environment(opensink), elsewhere, "a long password\n")
    assert nearby(elsewhere) == set()
    assert done.returncode in {1, 2}
    said = done.stdout + done.stderr
    assert "There is no OpenSink database" in said
    assert "--data-dir" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", SOMETHING_ELSE, ids=" ".join)
def test_what_needs_no_database_makes_none_either(
    opensink: Opensink, elsewhere: Path, command: tuple[str, ...]
) -> None:
    run_command(command, environment(opensink), elsewhere, "")
    assert nearby(elsewhere) == set()


def test_with_postgresql_a_visit_makes_no_keys(
    opensink: Opensink, elsewhere: Path, postgres_url: str
) -> None:
    variables = environment(opensink) | {"DATABASE_URL": postgres_url}
    for command in (VISITS[0], VISITS[3], ("db", "current"), ("doctor",)):
        done = run_command(command, variables, elsewhere, "a long password\n")
        assert nearby(elsewhere) == set(), command
        needs_keys = command != ("db", "current")
        assert ("ENCRYPTION_KEYS" in done.stdout + done.stderr) == needs_keys, command


def test_a_database_without_tables_is_none(opensink: Opensink, elsewhere: Path) -> None:
    """As an older version left it, when a command was run in the wrong folder."""
    (elsewhere / "var").mkdir()
    (elsewhere / "var/opensink.sqlite3").touch()
    done = run_command(VISITS[0], environment(opensink), elsewhere, "a long password\n")
    assert "There is no OpenSink database" in done.stderr
    assert nearby(elsewhere) == {"var", "var/opensink.sqlite3"}


def test_the_one_that_runs_is_named(running: Opensink, elsewhere: Path) -> None:
    done = run_command(VISITS[1], environment(running), elsewhere, "")
    assert done.returncode == 2
    assert f"--data-dir {running.data_dir}" in done.stderr
    named = (*VISITS[1], "--data-dir", str(running.data_dir))
    assert (
        "There is no OpenSink database"
        not in run_command(named, environment(running), elsewhere, "").stderr
    )


def test_a_command_in_a_second_terminal_has_the_address_of_the_server(
    running: Opensink, elsewhere: Path
) -> None:
    """Nothing says again at which port `opensink up` was started, or below which PUBLIC_URL."""
    named = ("--data-dir", str(running.data_dir))
    link = ("user", "reset-link", "terminal@example.com", *named)
    create = ("user", "create", "terminal@example.com", "--role", "viewer", "--password-stdin")
    run_command((*create, *named), environment(running), elsewhere, "a long password\n")
    here = f"http://127.0.0.1:{running.port}"
    assert run_command(link, environment(running), elsewhere, "").stdout.startswith(f"{here}/")
    checked = run_command(("doctor", *named), environment(running), elsewhere, "")
    assert f"People and agents connect to {here}." in checked.stdout
    again = run_command(
        ("doctor", *named), environment(running) | {"PUBLIC_URL": here}, elsewhere, ""
    )
    for said in (checked.stdout, again.stdout):  # it has called it
        assert "What is sent there arrives here unchanged" in said
    there = environment(running) | {"PUBLIC_URL": "https://example.com/sink"}
    assert run_command(link, there, elsewhere, "").stdout.startswith("https://example.com/sink/")


def test_upgrade_makes_a_new_one(opensink: Opensink, elsewhere: Path) -> None:
    done = run_command(("db", "upgrade"), environment(opensink), elsewhere, "")
    assert done.returncode == 0, done.stderr
    assert "var/opensink.sqlite3" in nearby(elsewhere)
    shutil.rmtree(elsewhere / "var")
