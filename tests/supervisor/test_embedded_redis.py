"""The embedded server for Redis: private, on disk, and the only one on its folder."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from opensink_web.errors import ConfigurationError
from opensink_web.settings import MAX_SOCKET_PATH_BYTES, Settings
from opensink_web.supervisor import embedded_redis
from opensink_web.supervisor.child import FIRST_DELAY_SECONDS
from opensink_web.supervisor.process_tree import ProcessTree

pytestmark = pytest.mark.server

MakeSettings = Callable[..., Settings]
WaitFor = Callable[[Callable[[], object]], None]


def start(settings: Settings, tree: ProcessTree) -> redis.Redis:
    tree.start(embedded_redis.embedded_redis_spec(settings))
    embedded_redis.wait_until_ready(settings, lambda: tree.is_running("redis"))
    return redis.Redis.from_url(settings.redis_url, decode_responses=True)


def test_it_listens_on_a_private_socket_and_on_no_port(
    make_settings: MakeSettings, tree: ProcessTree
) -> None:
    settings = make_settings()
    with start(settings, tree) as client:
        assert client.config_get("port")["port"] == "0"
    path = settings.embedded_redis_socket
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_was_written_is_there_after_a_stop_and_after_a_kill(
    make_settings: MakeSettings, tree: ProcessTree, wait_for: WaitFor
) -> None:
    settings = make_settings()
    with start(settings, tree) as client:
        client.set("stopped", "kept")
    tree.stop()
    with start(settings, tree) as client:
        assert client.get("stopped") == "kept"
        client.set("killed", "kept")
        os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)
    wait_for(lambda: not tree.is_running("redis"))
    tree.supervise()  # takes note, and starts it again after a moment
    time.sleep(FIRST_DELAY_SECONDS)
    tree.supervise()
    embedded_redis.wait_until_ready(settings, lambda: tree.is_running("redis"))
    with redis.Redis.from_url(settings.redis_url, decode_responses=True) as client:
        assert client.get("killed") == "kept"


def test_a_server_left_behind_ends_before_a_new_one_starts(
    make_settings: MakeSettings, tree: ProcessTree
) -> None:
    settings = make_settings()
    spec = embedded_redis.embedded_redis_spec(settings)
    with subprocess.Popen(spec.argv) as leftover:
        embedded_redis.wait_until_ready(settings, lambda: leftover.poll() is None)
        with redis.Redis.from_url(settings.redis_url) as client:
            client.set("written", "before")
        embedded_redis.end_leftover(settings)
        assert leftover.wait(100) == 0
    with start(settings, tree) as client:
        assert client.get("written") == "before"


def test_a_stale_socket_is_no_obstacle(make_settings: MakeSettings, tree: ProcessTree) -> None:
    settings = make_settings()
    spec = embedded_redis.embedded_redis_spec(settings)
    with subprocess.Popen(spec.argv) as killed:
        embedded_redis.wait_until_ready(settings, lambda: killed.poll() is None)
        killed.kill()
    assert settings.embedded_redis_socket.exists()
    embedded_redis.end_leftover(settings)
    with start(settings, tree) as client:
        assert client.ping()


def test_a_long_path_with_spaces_and_signs_gets_a_short_private_socket(
    tmp_path: Path, tree: ProcessTree
) -> None:
    data_dir = tmp_path / ("long name ü%20 " * 8).strip()
    settings = Settings.from_env({"DATA_DIR": str(data_dir)})
    socket_path = settings.embedded_redis_socket
    assert len(bytes(socket_path)) <= MAX_SOCKET_PATH_BYTES
    with start(settings, tree) as client:
        assert client.set("key", "value")
    assert socket_path.parent.stat().st_mode & 0o777 == 0o700
    assert (data_dir / "redis" / "appendonlydir").is_dir()
    tree.stop()
    embedded_redis.remove_socket_folder(settings)
    assert not socket_path.parent.exists()


def test_a_temporary_folder_that_lies_deep_gets_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * MAX_SOCKET_PATH_BYTES)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    socket_path = Settings.from_env({"DATA_DIR": str(deep / "data")}).embedded_redis_socket
    assert len(bytes(socket_path)) <= MAX_SOCKET_PATH_BYTES


def test_a_server_that_cannot_start_is_reported_with_its_log(
    make_settings: MakeSettings, tree: ProcessTree
) -> None:
    settings = make_settings()
    spec = embedded_redis.embedded_redis_spec(settings)
    (settings.data_dir / "redis" / "appendonlydir").write_text("in the way")
    tree.start(spec)
    with pytest.raises(ConfigurationError, match=r"valkey\.log"):
        embedded_redis.wait_until_ready(settings, lambda: tree.is_running("redis"))
