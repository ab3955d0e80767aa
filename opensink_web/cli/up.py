"""`opensink up`: everything at once, as one process tree, from nothing but this package."""

import sys
from socket import socket

import click

from opensink_web.cli.database import upgrade_at_start
from opensink_web.cli.loading import keep_what_is_loaded
from opensink_web.cli.options import takes_settings
from opensink_web.isolation.limits import set_readable
from opensink_web.models import db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.invitation import invite_first_admin
from opensink_web.operations.accounts.queries import user_count
from opensink_web.operations.sealed import check_keys
from opensink_web.settings import Settings
from opensink_web.supervisor import checks, embedded_redis
from opensink_web.supervisor.child import ChildSpec
from opensink_web.supervisor.process_tree import ProcessTree
from opensink_web.supervisor.stop_request import StopRequest
from opensink_web.wiring import wired_app

DEMO_FILE_NAME = "demo.json"


@click.command()
@takes_settings("host", "port", "workers")
def up(settings: Settings) -> None:
    """Start everything: web, workers, sweeper and, without REDIS_URL, a server for Redis."""
    set_readable(False)
    stop = StopRequest()
    stop.install()
    checks.check_data_dir(settings)
    with checks.locked_data_dir(settings.data_dir), checks.listening_socket(settings) as listener:
        checks.check_database(settings)
        if not settings.embeds_redis:
            checks.check_redis(settings)
        settings = settings.for_children(listener.getsockname()[1])
        checks.leave_address(settings)
        _run(settings, listener, stop)


def _run(settings: Settings, listener: socket, stop: StopRequest) -> None:
    tree = ProcessTree()
    try:
        if settings.embeds_redis:
            _start_redis(settings, tree)
        sign_up_url = _prepare_database(settings)
        keep_what_is_loaded()
        tree.start(*_part_specs(settings, listener))
        _greet(settings, sign_up_url)
        tree.run_until(stop)
    finally:
        listener.close()
        tree.stop()
        embedded_redis.remove_socket_folder(settings)


def _start_redis(settings: Settings, tree: ProcessTree) -> None:
    embedded_redis.end_leftover(settings)
    tree.start(embedded_redis.embedded_redis_spec(settings))
    embedded_redis.wait_until_ready(settings, lambda: tree.is_running(embedded_redis.NAME))


def _prepare_database(settings: Settings) -> str | None:
    """Bring the tables up to date; return a sign-up link where there is no account yet."""
    with wired_app(settings).app_context():
        try:
            upgrade_at_start(settings)
            with reading():
                check_keys()
            return _first_sign_up_url(settings)
        finally:
            db.engine.dispose()  # this process has no more to do with the database


def _first_sign_up_url(settings: Settings) -> str | None:
    with reading():
        if user_count():
            return None
    with writing():
        token = invite_first_admin()
    return f"{settings.public_url}/sign-up/{token}"


def _part_specs(settings: Settings, listener: socket) -> list[ChildSpec]:
    demo_file = settings.data_dir / DEMO_FILE_NAME
    descriptor = listener.fileno()
    command = (sys.executable, "-m", "opensink_web")
    environment = settings.environment()
    return [
        ChildSpec("web", (*command, "web", "--fd", str(descriptor)), environment, (descriptor,)),
        *(
            ChildSpec(f"worker-{number}", (*command, "worker"), environment)
            for number in range(1, settings.workers + 1)
        ),
        ChildSpec("sweeper", (*command, "sweeper"), environment),
        ChildSpec(
            "demo",
            (sys.executable, "-m", "opensink_web.demo", str(demo_file)),
            settings.function_environment(),  # it is an agent, and has what an agent has
            needs_file=demo_file,
        ),
    ]


def _greet(settings: Settings, sign_up_url: str | None) -> None:
    click.echo(f"OpenSink is at {settings.public_url}")
    click.echo(f"Everything is kept in {settings.data_dir}")
    if sign_up_url is not None:
        click.echo(f"Create the first account here (the link works once): {sign_up_url}")
    click.echo("Ctrl-C stops it.")
