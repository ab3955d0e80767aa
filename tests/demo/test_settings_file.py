"""The file with which the demo is switched on."""

import socket
import threading
from pathlib import Path

import pytest

from opensink_web.demo import settings_file
from opensink_web.demo.trading_agent import AgentSettings

SETTINGS = AgentSettings("http://127.0.0.1:7465", "osk_key", "agent", "secret", 5001)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    settings_file.write(tmp_path, SETTINGS)
    assert settings_file.read(tmp_path) == SETTINGS


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    settings_file.write(tmp_path, SETTINGS)
    assert (tmp_path / settings_file.FILE_NAME).stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [settings_file.FILE_NAME]


def test_no_file_means_no_demo(tmp_path: Path) -> None:
    assert settings_file.read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"port": 1}', '{"other": 1}'])
def test_a_file_of_something_else_means_no_demo(tmp_path: Path, text: str) -> None:
    (tmp_path / settings_file.FILE_NAME).write_text(text)
    assert settings_file.read(tmp_path) is None


def test_of_two_at_once_the_second_waits(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with settings_file.held(tmp_path):
            order.append("second")

    with settings_file.held(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_free_port_can_be_listened_at() -> None:
    with socket.create_server(("127.0.0.1", settings_file.free_port())):
        pass
