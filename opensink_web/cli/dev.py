"""`opensink dev`: everything for an agent's author, without an account and without a key.

Nothing of it comes from the environment but OPENSINK_ANSWER: a DATABASE_URL that somebody has set
for something else is not opened here.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from socket import socket
from tempfile import TemporaryFile
from uuid import UUID

import click

from opensink_web.cli.whole import whole_server
from opensink_web.dev.admission import Admission, hand_over, make_admission
from opensink_web.dev.answers import VARIABLE, Automatic
from opensink_web.dev.decider import Decider
from opensink_web.dev.desk import Desk
from opensink_web.dev.dialogue import Dialogue
from opensink_web.dev.first_question import curl_line, first_session
from opensink_web.dev.folder import dev_folder
from opensink_web.dev.keyboard import Keyboard, is_interactive
from opensink_web.dev.telling import JsonLines, Lines
from opensink_web.dev.waiting import Waiting
from opensink_web.errors import ConfigurationError
from opensink_web.isolation.limits import set_readable
from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.audit.actor import OPERATOR, acting_as
from opensink_web.setting_values import is_loopback
from opensink_web.settings import HOST_DEFAULT, PORT_DEFAULT, Settings
from opensink_web.supervisor import checks
from opensink_web.supervisor.child import ChildSpec
from opensink_web.supervisor.process_tree import POLL_SECONDS, ProcessTree
from opensink_web.supervisor.stop_request import StopRequest
from opensink_web.wiring import wired_app

ANY_KEY = "dev"
"""What stands for a key where a program wants one; anything else does too."""
LOG_FILE_NAME = "opensink.log"
_LOOPBACK_ALONE = (
    "`opensink dev` asks nobody for a sign-in or a key, so it listens on this machine alone: leave"
    " --host out, or use 127.0.0.1. For others to reach a server, start `opensink up`."
)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Who is let in; the agent and the session of the first question, where a person may ask it."""

    admission: Admission
    session: tuple[UUID, UUID] | None


@dataclass(frozen=True, slots=True)
class _Options:
    """How what happens is said, and what answers by itself."""

    as_json: bool
    answer: Automatic | None


@click.command()
@click.option(
    "--port",
    metavar="NUMBER",
    default=str(PORT_DEFAULT),
    help=f"The port [{PORT_DEFAULT}]; 0: any.",
)
@click.option(
    "--host", metavar="ADDRESS", default=HOST_DEFAULT, help="A loopback address [127.0.0.1]."
)
@click.option(
    "--keep",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything there, and go on with it the next time [a folder that is removed].",
)
@click.option("--json", "as_json", is_flag=True, help="Print lines of JSON, for programs.")
@click.option(
    "--answer",
    envvar=VARIABLE,
    show_envvar=True,
    type=click.Choice([each.value for each in Automatic]),
    help="Answer each request by itself, in tests [a person does].",
)
def dev(port: str, host: str, keep: Path | None, answer: str | None, *, as_json: bool) -> None:
    """Start everything on this machine alone: no account, no key, nothing left behind."""
    set_readable(False)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # agents write what Latin-1 has not
    logging.getLogger("opensink.keyring").setLevel(logging.WARNING)  # "keep a copy" of nothing kept
    stop = StopRequest()
    stop.install()
    with dev_folder(keep) as folder:
        given = {"DATA_DIR": str(folder), "HOST": host, "PORT": port, "WORKERS": "1"}
        settings = Settings.from_env({}, changes=given)
        with checks.locked_data_dir(folder), _loopback_listener(settings) as listener:
            settings = settings.for_children(listener.getsockname()[1])
            checks.leave_address(settings)
            how = None if answer is None else Automatic(answer)
            _run(settings, listener, stop, _Options(as_json=as_json, answer=how))


@contextmanager
def _loopback_listener(settings: Settings) -> Iterator[socket]:
    """Raises: ConfigurationError, also for a name that leads elsewhere."""
    if not settings.listens_on_loopback:
        raise ConfigurationError(_LOOPBACK_ALONE)
    with checks.listening_socket(settings) as listener:
        if not is_loopback(listener.getsockname()[0]):
            raise ConfigurationError(_LOOPBACK_ALONE)
        yield listener


def _run(settings: Settings, listener: socket, stop: StopRequest, options: _Options) -> None:
    with TemporaryFile() as file:  # it has no name, so nobody else opens it
        passed = (listener.fileno(), file.fileno())
        argv = (sys.executable, "-m", "opensink_web.cli.dev_web", *map(str, passed))
        web = ChildSpec("web", argv, settings.environment(), passed)

        def prepare() -> _Prepared:
            with acting_as(OPERATOR), writing():
                admission = make_admission()
                workspace = db.session.get_one(Workspace, admission.workspace_id)
                session = None if options.as_json else first_session(workspace)
            hand_over(admission, file.fileno())
            return _Prepared(admission, session)

        log = settings.data_dir / LOG_FILE_NAME
        with whole_server(settings, listener, prepare, web, log) as (tree, prepared):
            _greet(settings, prepared, options)
            _watch(settings, prepared.admission, tree, stop, options)


def _watch(
    settings: Settings,
    admission: Admission,
    tree: ProcessTree,
    stop: StopRequest,
    options: _Options,
) -> None:
    """Keep everything alive and say what is asked, until the process is asked to end."""
    inbox, who = inbox_of(settings, admission), (admission.workspace_id, admission.person_id)
    waiting = Waiting(admission.workspace_id)
    with wired_app(settings).app_context():
        try:
            if is_interactive() and not options.as_json and options.answer is None:
                _converse(waiting, tree, stop, Decider(*who), inbox)
                return
            teller = JsonLines(_say, inbox) if options.as_json else Lines(_say, inbox)
            desk = Desk(waiting, teller, admission.person_id, options.answer)
            while not stop.requested:
                tree.supervise()
                desk.look()
                time.sleep(POLL_SECONDS)
        finally:
            db.session.remove()
            db.engine.dispose()


def _converse(
    waiting: Waiting, tree: ProcessTree, stop: StopRequest, decider: Decider, inbox: str
) -> None:
    """The same, with somebody who decides in the terminal."""
    keyboard = Keyboard(sys.stdin.fileno(), _write)
    dialogue = Dialogue(keyboard, decider, inbox)
    desk = Desk(waiting, dialogue, decider.person_id, None)
    with keyboard.held():
        while not stop.requested:
            tree.supervise()
            desk.look()
            dialogue.go_on()
            for line in keyboard.read(POLL_SECONDS):
                dialogue.take(line)


def _say(line: str) -> None:
    """Write a line; whoever read them may be gone."""
    with suppress(OSError):
        click.echo(line)


def _write(text: str) -> None:
    with suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()


def inbox_of(settings: Settings, admission: Admission) -> str:
    """Return where the inbox is."""
    return f"{settings.public_url}/w/{admission.workspace_slug}/inbox"


def _greet(settings: Settings, prepared: _Prepared, options: _Options) -> None:
    url, inbox = settings.public_url, inbox_of(settings, prepared.admission)
    if options.as_json:
        greeting = {"event": "started", "url": url, "inbox": inbox, "api_key": ANY_KEY}
        click.echo(json.dumps(greeting | {"folder": str(settings.data_dir)}))
        return
    click.echo(f"OpenSink for agents' authors is at {url}: no sign-in, no key, this machine alone.")
    click.echo(f"  Inbox    {inbox}")
    click.echo(f"  Programs export OPENSINK_URL={url} OPENSINK_API_KEY={ANY_KEY}")
    click.echo("           The key may be anything, or missing.")
    click.echo(f"  Log      {settings.data_dir / LOG_FILE_NAME}")
    if prepared.session is not None:
        click.echo("Ask something, in another terminal:")
        click.echo(f"  {curl_line(url, *prepared.session)}")
    if options.answer is not None:
        click.echo(f"Each request is answered by itself: {VARIABLE}={options.answer}")
    click.echo("Ctrl-C stops it.")
