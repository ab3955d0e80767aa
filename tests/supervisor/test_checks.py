"""What must be right before anything starts: each fault is one sentence for people."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from opensink_web.errors import ConfigurationError
from opensink_web.settings import Settings
from opensink_web.supervisor import checks

MakeSettings = Callable[..., Settings]

HOLDS_LOCK = """
import sys, pathlib
from opensink_web.supervisor.checks import locked_data_dir
with locked_data_dir(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def sentence(fault: pytest.ExceptionInfo[ConfigurationError]) -> str:
    message = fault.value.message
    assert message.count("\n") == 0
    assert message.endswith(".")
    return message


def test_the_data_folder_is_made_for_its_owner_alone(make_settings: MakeSettings) -> None:
    settings = make_settings()
    checks.check_data_dir(settings)
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700
    assert list(settings.data_dir.iterdir()) == []


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings.from_env({"DATA_DIR": str(tmp_path / "file" / "var")})
    with pytest.raises(ConfigurationError) as fault:
        checks.check_data_dir(settings)
    assert str(settings.data_dir) in sentence(fault)
    assert "--data-dir" in sentence(fault)


def test_a_data_folder_has_one_holder_until_that_is_killed(make_settings: MakeSettings) -> None:
    settings = make_settings()
    checks.check_data_dir(settings)
    command = [sys.executable, "-c", HOLDS_LOCK, str(settings.data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(ConfigurationError) as fault, checks.locked_data_dir(settings.data_dir):
            pass
        assert str(settings.data_dir) in sentence(fault)
        holder.kill()
        holder.wait()
        with checks.locked_data_dir(settings.data_dir):
            pass


def test_a_port_in_use_is_named(make_settings: MakeSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(ConfigurationError) as fault,
            checks.listening_socket(make_settings(PORT=str(port))),
        ):
            pass
    assert f"Port {port}" in sentence(fault)
    assert "--port" in sentence(fault)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104 - that is the test
def test_a_free_port_is_listened_at(make_settings: MakeSettings, host: str) -> None:
    with checks.listening_socket(make_settings(HOST=host, PORT="0")) as listener:
        port = listener.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=60).close()


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])
def test_a_host_that_is_not_ours_is_refused(make_settings: MakeSettings, host: str) -> None:
    with (
        pytest.raises(ConfigurationError) as fault,
        checks.listening_socket(make_settings(HOST=host, PORT="0")),
    ):
        pass
    assert "HOST" in sentence(fault).upper()


def test_a_sqlite_file_that_is_there_or_can_be_made_is_fine(make_settings: MakeSettings) -> None:
    settings = make_settings()
    checks.check_data_dir(settings)
    checks.check_database(settings)
    checks.check_database(settings)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@127.0.0.1:1/none",
        "postgresql://user:hunter2@127.0.0.1:port/none",
        "sqlite:////no/such/folder/file.sqlite3",
        "postgresql://me:p@hunter2@127.0.0.1:1/opensink",
    ],
)
def test_a_wrong_database_url_is_named_without_its_password(
    make_settings: MakeSettings, url: str
) -> None:
    with pytest.raises(ConfigurationError) as fault:
        checks.check_database(make_settings(DATABASE_URL=url))
    assert "DATABASE_URL" in sentence(fault)
    assert "hunter2" not in sentence(fault)


def test_a_file_that_is_no_database_is_refused(make_settings: MakeSettings, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("nothing like a database" * 100)
    with pytest.raises(ConfigurationError) as fault:
        checks.check_database(make_settings(DATABASE_URL=f"sqlite:///{tmp_path / 'text'}"))
    assert "not a database" in sentence(fault)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2@127.0.0.1:1/0",
        "redis://:hunter2@127.0.0.1:port/0",
        "redis://:hunter2@127.0.0.1:6379/zero",
        "unix:///no/such/socket",
    ],
)
def test_a_wrong_redis_url_is_named_without_its_password(
    make_settings: MakeSettings, url: str
) -> None:
    with pytest.raises(ConfigurationError) as fault:
        checks.check_redis(make_settings(REDIS_URL=url))
    assert "REDIS_URL" in sentence(fault)
    assert "hunter2" not in sentence(fault)


def test_the_lock_is_not_handed_to_children(make_settings: MakeSettings) -> None:
    settings = make_settings()
    checks.check_data_dir(settings)
    with checks.locked_data_dir(settings.data_dir):
        child = subprocess.Popen([sys.executable, "-I", "-c", "input()"], stdin=subprocess.PIPE)
    with child, checks.locked_data_dir(settings.data_dir):
        assert os.waitpid(child.pid, os.WNOHANG) == (0, 0)
        child.communicate(b"\n")
