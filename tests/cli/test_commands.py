"""The commands beside `up`: tables, accounts, keys, and the parts alone."""

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server

CREATE_ALICE = ("user", "create", "alice@example.com", "--role", "admin", "--password-stdin")


def test_the_tables_go_up(opensink: "Opensink") -> None:
    assert opensink.run("db", "upgrade").returncode == 0
    newest = opensink.run("db", "current").stdout.strip()
    assert newest not in {"", "base"}
    assert opensink.run("db", "upgrade").returncode == 0


def test_an_account_that_is_there_already_is_refused(migrated: "Opensink") -> None:
    assert migrated.run(*CREATE_ALICE, text="a long password\n").returncode == 0
    again = migrated.run(*CREATE_ALICE, text="a long password\n")
    assert again.returncode == 1
    assert again.stderr.startswith("opensink: ")
    assert len(again.stderr.splitlines()) == 1


def test_a_password_that_is_too_short_is_refused(migrated: "Opensink") -> None:
    refused = migrated.run(*CREATE_ALICE, text="short\n")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("email", "scope"), [("bob@example.com", "all:all"), ("alice@example.com", "all:nothing")]
)
def test_a_key_for_nobody_or_nothing_is_refused(
    migrated: "Opensink", email: str, scope: str
) -> None:
    migrated.run(*CREATE_ALICE, text="a long password\n")
    refused = migrated.run("api-key", "create", "--user", email, "--name", "k", "--scope", scope)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1


def catches_sigterm(pid: int) -> bool:
    """Return True if the sweeper has begun, which readiness does not ask: its handler shows it."""
    listing = subprocess.run(
        ["ps", "-o", "caught=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return bool(int(listing.stdout, 16) & 1 << (signal.SIGTERM - 1))


def test_the_parts_work_alone(migrated: "Opensink", redis_url: str) -> None:
    commands = (("web", "--port", str(migrated.port)), ("worker",), ("sweeper",))
    parts = [
        subprocess.Popen(
            [sys.executable, "-m", "opensink_web", *command],
            env=migrated.environment(REDIS_URL=redis_url),
        )
        for command in commands
    ]
    try:
        migrated.wait_until(migrated.is_ready)
        migrated.wait_until(lambda: catches_sigterm(parts[2].pid))
    finally:
        for part in parts:
            part.send_signal(signal.SIGTERM)
        codes = [part.wait(100) for part in parts]
    assert codes == [0, 0, 0]


def test_a_workspace_is_made_for_who_has_an_account(migrated: "Opensink") -> None:
    migrated.run(*CREATE_ALICE, text="a long password\n")
    made = migrated.run("workspace", "create", "EMEA desk", "--admin", "alice@example.com")
    assert made.stdout == "EMEA desk is at /w/emea-desk/, and alice@example.com is its admin.\n"
    for refused in (
        migrated.run("workspace", "create", "Emea Desk", "--admin", "alice@example.com"),
        migrated.run("workspace", "create", "Other", "--admin", "nobody@example.com"),
    ):
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
