"""The web server, started from our settings: one process on SQLite, two on PostgreSQL."""

import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from http import HTTPStatus
from socket import socket
from urllib.parse import unquote

from flask import Flask
from werkzeug.exceptions import HTTPException, default_exceptions

from opensink_web.contract import live
from opensink_web.contract.problem import error_response
from opensink_web.contract.route import Route
from opensink_web.http_server.limits import Limits
from opensink_web.http_server.processes import run_processes
from opensink_web.http_server.server import Server
from opensink_web.settings import Settings

# With SQLite there is one: it takes one writer, and those of one process queue at a lock instead of
# SQLite's back-off.
POSTGRESQL_PROCESSES = 2
# A thread that comes back from the database waits this long for one that computes. An answer's
# transaction has ten statements, and with Python's 5 ms others who write wait for all those waits.
SWITCH_SECONDS = 0.0005
_OF_PAGES = re.compile(rb"/w/[^/?]+/(live\?|[^?]+\?(.*&)?version=)")


def serve(
    application: Flask, routes: Iterable[Route], settings: Settings, listener: socket
) -> None:
    """Answer requests at the listening socket until SIGTERM."""
    limit = body_limit(routes, settings)

    def run(parent: int | None = None) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        live.begin(application)
        limits = Limits(threads=settings.web_threads)
        Server(
            application,
            listener,
            body_limit=limit,
            refusal=refusal,
            limits=limits,
            parent=parent,
            is_patient=is_patient,
        ).run()

    if settings.uses_sqlite:
        run()
    else:
        parent = os.getpid()
        run_processes(POSTGRESQL_PROCESSES, lambda: run(parent))


def is_patient(target: bytes) -> bool:
    """Return True for what pages that are open ask for: nobody has clicked and waits for it."""
    return _OF_PAGES.search(target) is not None


def body_limit(routes: Iterable[Route], settings: Settings) -> Callable[[str, str], int]:
    """Return how much of a body is read, by method and path: as much as the route may take."""
    batches = [
        re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.address))
        for route in routes
        if route.takes_batch
    ]
    is_batch = re.compile("|".join(batches)).fullmatch

    def limit(method: str, path: str) -> int:
        if method == "POST" and is_batch(unquote(path)):
            return settings.max_batch_body_bytes
        return settings.max_body_bytes

    return limit


@cache
def refusal(status: HTTPStatus) -> bytes:
    """Write the one error body: there is no request that Flask could answer."""
    error = default_exceptions.get(status)
    return error_response(error() if error else _unnamed(status)).get_data()


def _unnamed(status: HTTPStatus) -> HTTPException:
    error = HTTPException()
    error.code = status.value
    return error
