"""What is misconfigured ends in one clear line on standard error and exit code 2."""

import subprocess
from pathlib import Path
from socket import create_server
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server


def only_line(ended: "subprocess.CompletedProcess[str]") -> str:
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("opensink: ")
    assert ended.returncode == 2
    assert ended.stdout == ""
    return lines[0]


@pytest.mark.parametrize("command", ["up", "web"])
def test_a_port_in_use(opensink: "Opensink", command: str) -> None:
    with create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = opensink.run(command, "--port", port, variables=_no_redis_needed(command))
    assert f"Port {port}" in only_line(ended)


def _no_redis_needed(command: str) -> dict[str, str]:
    return {} if command == "up" else {"OPENSINK_SUPERVISED": "1"}


def test_a_port_that_is_no_number(opensink: "Opensink") -> None:
    assert "PORT" in only_line(opensink.run("up", "--port", "http"))


def test_a_data_folder_that_cannot_be_written(opensink: "Opensink", tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = opensink.run("up", "--data-dir", str(tmp_path / "file" / "var"))
    assert "file/var" in only_line(ended)


def test_a_data_folder_in_use(running: "Opensink") -> None:
    assert "Another `opensink up`" in only_line(running.run("up", "--port", "0"))
    assert running.is_ready()


@pytest.mark.parametrize("command", ["up", "worker", "db upgrade"])
@pytest.mark.parametrize(
    "url", ["mysql://localhost/x", "postgresql://u:hunter2@127.0.0.1:1/x", "postgresql://[bad"]
)
def test_a_wrong_database_url(opensink: "Opensink", command: str, url: str) -> None:
    arguments = [*command.split(), *(["--port", "0"] if command == "up" else [])]
    line = only_line(
        opensink.run(*arguments, variables={"DATABASE_URL": url, "OPENSINK_SUPERVISED": ""})
    )
    assert "hunter2" not in line


@pytest.mark.parametrize("command", ["up", "web", "sweeper"])
@pytest.mark.parametrize("url", ["http://localhost", "redis://:hunter2@127.0.0.1:1/0"])
def test_a_wrong_redis_url(opensink: "Opensink", command: str, url: str) -> None:
    arguments = [command, *(["--port", "0"] if command in {"up", "web"} else [])]
    line = only_line(opensink.run(*arguments, variables={"REDIS_URL": url}))
    assert "REDIS_URL" in line
    assert "hunter2" not in line


def test_tables_that_are_not_there(opensink: "Opensink") -> None:
    ended = opensink.run("user", "create", "a@example.com", "--role", "admin", "--password-stdin")
    assert "opensink db upgrade" in only_line(ended)
