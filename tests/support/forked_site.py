"""A whole server beside a browser: the parts of `opensink up`, forked instead of started anew.

Each part imports the program by itself under `opensink up`, which takes more CPU time than most
tests of pages; `tests/cli/test_up.py` is about that. Here they are the same commands with the same
settings in processes of their own, but nobody starts again what has ended.
"""

import socket
from collections.abc import Mapping
from contextlib import closing

from opensink_web.settings import Settings
from opensink_web.supervisor.watchdog import Watchdog
from tests.chaos.parts import Command, ForkedPart, Part, RedisPart
from tests.support.forked_command import main_with_path
from tests.support.opensink_up import Opensink


class ForkedSite(Opensink):
    """Runs commands on one data folder that begins with a migrated database, and its server."""

    def start(self, variables: Mapping[str, str]) -> None:
        """Start Redis, the web server, a worker and the sweeper, and wait until they are ready."""
        given = self.environment(PORT=str(self.port), WORKERS="1", **variables)
        settings = Settings.from_env(given).for_children(self.port)
        self._watchdog = Watchdog()
        self._watchdog.keep()
        settings.embedded_redis_socket.parent.mkdir(mode=0o700, exist_ok=True)
        redis = RedisPart(
            settings.embedded_redis_socket, settings.data_dir / "redis", self._watchdog
        )
        with closing(socket.create_server(("127.0.0.1", self.port), backlog=2048)) as listener:
            self._parts: tuple[Part, ...] = (
                redis,
                self._part(settings, "web", "--fd", listener=listener),
                self._part(settings, "worker"),
                self._part(settings, "sweeper"),
            )
            for part in self._parts:
                part.start()
        self.wait_until(self.is_ready)

    def kill(self) -> None:
        """End all parts at once, as where the machine loses power."""
        for part in self._parts:
            part.kill()
        self._watchdog.close()

    def _part(
        self, settings: Settings, *arguments: str, listener: socket.socket | None = None
    ) -> Part:
        log = self.data_dir.parent / "log"
        command = Command(main_with_path, arguments, settings.environment(), log, listener)
        return ForkedPart(arguments[0], command, self._watchdog)
