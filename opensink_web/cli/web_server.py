"""gunicorn, started from our settings: threads for pages and streams, processes for PostgreSQL."""

from typing import Any

from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it ships no types
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # as above
from werkzeug.exceptions import BadRequest

from opensink_web.settings import Settings

# Less than the supervisor waits, so that gunicorn itself ends a worker that hangs.
GRACEFUL_TIMEOUT_SECONDS = 3
# SQLite takes one writer, and one process's writers queue at a lock instead of SQLite's back-off.
SQLITE_PROCESSES = 1
POSTGRESQL_PROCESSES = 2
# gunicorn reads over no more than this of a body that was refused unread, and then hangs up.
DRAINED_BODY_BYTES = 64 * 1024


def serve(application: Flask, settings: Settings, descriptor: int) -> None:
    """Answer requests at the listening socket until SIGTERM; does not return."""
    _Server(application, settings, descriptor).run()


class _Server(BaseApplication):  # type: ignore[misc]  # its types are unknown, as above
    def __init__(self, application: Flask, settings: Settings, descriptor: int) -> None:
        self._application = application
        self._settings = settings
        self._descriptor = descriptor
        super().__init__()

    def load_config(self) -> None:
        processes = SQLITE_PROCESSES if self._settings.uses_sqlite else POSTGRESQL_PROCESSES
        options: dict[str, Any] = {
            "bind": f"fd://{self._descriptor}",
            "worker_class": "gthread",
            "workers": processes,
            "threads": self._settings.web_threads,
            "graceful_timeout": GRACEFUL_TIMEOUT_SECONDS,
            "keepalive": 5,
            "forwarded_allow_ips": "",  # which proxy is believed is TRUSTED_PROXIES' to say
            "pre_request": _announce_hanging_up,
            "loglevel": "warning",
            "control_socket_disable": True,
            "proc_name": "opensink",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        self._application.register_error_handler(ParseException, _answer_broken_body)
        return self._application


def _answer_broken_body(_error: ParseException) -> ResponseReturnValue:
    """Answer as any bad request: gunicorn finds out about bad chunks while the body is read."""
    return current_app.handle_user_exception(BadRequest())


def _announce_hanging_up(_worker: Any, request: Any) -> None:
    """Send `Connection: close` after a large body, so that nobody's next request meets the end."""
    sizes = [value for name, value in request.headers if name == "CONTENT-LENGTH"]
    if any(int(size) > DRAINED_BODY_BYTES for size in sizes):
        request.force_close()
