"""gunicorn, started from our settings: threads for pages and streams, processes for PostgreSQL."""

import logging
from contextlib import suppress
from typing import Any

from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it ships no types
from gunicorn.http.errors import (  # type: ignore[import-untyped]  # as above
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # as above
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestHeaderFieldsTooLarge,
    RequestURITooLarge,
)

from opensink_web.contract.problem import error_answer
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


_log = logging.getLogger("opensink.web")


class _Worker(ThreadWorker):  # type: ignore[misc]  # its types are unknown, as above
    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what is no HTTP; gunicorn would repeat it, in a page and in the log."""
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        _log.warning("a request could not be read: %s", type(exc).__name__)
        error: HTTPException = BadRequest()
        if isinstance(exc, LimitRequestLine):
            error = RequestURITooLarge()
        elif isinstance(exc, LimitRequestHeaders):
            error = RequestHeaderFieldsTooLarge()
        with suppress(OSError):
            client.sendall(_unread_answer(error))


def _unread_answer(error: HTTPException) -> bytes:
    """Write the one error body as a whole answer: there is no request that Flask could answer."""
    answer = error_answer(error)
    body = answer.get_data()
    head = (
        f"HTTP/1.1 {answer.status}\r\nContent-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


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
            "worker_class": _Worker,
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
