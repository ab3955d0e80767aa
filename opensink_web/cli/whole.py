"""The whole of a server as one process tree: what `opensink up` and `opensink dev` start."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import TypeVar

from opensink_web.cli.database import upgrade_at_start
from opensink_web.cli.loading import keep_what_is_loaded
from opensink_web.models import db
from opensink_web.models.transaction import reading
from opensink_web.operations.sealed import check_keys
from opensink_web.settings import Settings
from opensink_web.supervisor import embedded_redis
from opensink_web.supervisor.child import ChildSpec
from opensink_web.supervisor.process_tree import ProcessTree
from opensink_web.wiring import wired_app

COMMAND = (sys.executable, "-m", "opensink_web")
DEMO_FILE_NAME = "demo.json"
Prepared = TypeVar("Prepared")


@contextmanager
def whole_server(
    settings: Settings,
    listener: socket,
    prepare: Callable[[], Prepared],
    web: ChildSpec,
    log_file: Path | None = None,
) -> Iterator[tuple[ProcessTree, Prepared]]:
    """Start everything, and end it with the block; the caller keeps the tree alive in it.

    `prepare` is called on a database whose tables are there, before any part starts, `web` among
    them. What the parts log goes to `log_file`, if one is given.
    """
    tree = ProcessTree()
    try:
        if settings.embeds_redis:
            _start_redis(settings, tree)
        prepared = _prepare_database(settings, prepare)
        keep_what_is_loaded()
        parts = (web, *_other_parts(settings))
        tree.start(*(replace(part, log_file=log_file) for part in parts))
        yield tree, prepared
    finally:
        listener.close()
        tree.stop()
        embedded_redis.remove_socket_folder(settings)


def _start_redis(settings: Settings, tree: ProcessTree) -> None:
    embedded_redis.end_leftover(settings)
    tree.start(embedded_redis.embedded_redis_spec(settings))
    embedded_redis.wait_until_ready(settings, lambda: tree.is_running(embedded_redis.NAME))


def _prepare_database(settings: Settings, prepare: Callable[[], Prepared]) -> Prepared:
    """Bring the tables up to date, and do what else has to be done before anybody comes."""
    with wired_app(settings).app_context():
        try:
            upgrade_at_start(settings)
            with reading():
                check_keys()
            return prepare()
        finally:
            db.engine.dispose()  # this process has no more to do with the database


def _other_parts(settings: Settings) -> list[ChildSpec]:
    demo_file = settings.data_dir / DEMO_FILE_NAME
    environment = settings.environment()
    return [
        *(
            ChildSpec(f"worker-{number}", (*COMMAND, "worker"), environment)
            for number in range(1, settings.workers + 1)
        ),
        ChildSpec("sweeper", (*COMMAND, "sweeper"), environment),
        ChildSpec(
            "demo",
            (sys.executable, "-m", "opensink_web.demo", str(demo_file)),
            settings.function_environment(),  # it is an agent, and has what an agent has
            needs_file=demo_file,
        ),
    ]
