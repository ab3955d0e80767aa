"""`opensink doctor`: names what is wrong and how to mend it."""

import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.opensink_up import Opensink

pytestmark = pytest.mark.server


def test_a_running_server_is_well(opensink: "Opensink") -> None:
    opensink.up("--workers", "1")
    found = opensink.run("doctor", variables={"PORT": str(opensink.port)})
    assert found.returncode == 0, found.stdout
    assert "fail" not in found.stdout
    assert "1 alive" in found.stdout
    assert "user create EMAIL --role admin" in found.stdout


def test_a_fresh_folder_needs_its_tables(opensink: "Opensink") -> None:
    found = opensink.run("doctor")
    assert found.returncode == 1
    assert "opensink db upgrade" in found.stdout
    assert "`opensink up` is not running" in found.stdout


def test_a_secret_key_that_others_can_read(opensink: "Opensink") -> None:
    opensink.run("db", "upgrade")
    (opensink.data_dir / "secret_key").chmod(0o644)
    found = opensink.run("doctor")
    assert found.returncode == 1
    assert "chmod 600" in found.stdout


def test_a_database_and_a_redis_that_are_away(opensink: "Opensink") -> None:
    away = {
        "DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    found = opensink.run("doctor", variables=away)
    assert found.returncode == 1
    assert "check DATABASE_URL" in found.stdout
    assert "check REDIS_URL" in found.stdout
    assert "hunter2" not in found.stdout


def test_a_public_url_that_leads_others_astray(opensink: "Opensink") -> None:
    found = opensink.run("doctor", "--host", "0.0.0.0")  # noqa: S104 - that is the test
    assert "set PUBLIC_URL" in found.stdout


def test_an_agent_whose_endpoint_is_refused(opensink: "Opensink") -> None:
    opensink.run("db", "upgrade")
    opensink.run(
        *("user", "create", "alice@example.com", "--role", "admin", "--password-stdin"),
        text="a long password\n",
    )
    endpoint = (
        '{"url": "http://10.0.0.5/run", "method": "POST", "headers": {}, "body": null,'
        ' "timeout_seconds": 30, "retry": {"max_attempts": 1}}'
    )
    with sqlite3.connect(opensink.data_dir / "opensink.sqlite3") as database:
        database.execute(
            "INSERT INTO agents (id, workspace_id, name, namespace, slug, execution_endpoint,"
            " created_at, updated_at) SELECT ?, id, 'Risk', 'desk', 'risk', ?, created_at,"
            " created_at FROM workspaces",
            ["019a0000000070008000000000000001", endpoint],
        )
    database.close()
    found = opensink.run("doctor")
    assert "agent desk/risk" in found.stdout
    assert "EXECUTION_ENDPOINT_HOSTS" in found.stdout
    allowed = opensink.run("doctor", variables={"EXECUTION_ENDPOINT_HOSTS": "10.0.0.0/24"})
    assert "None is refused" in allowed.stdout
