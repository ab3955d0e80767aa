"""What the process of one call does: bind itself, run the function, say what came of it.

What it says is a word and JSON: `output …`, `awaits {"prompt", "schema"}` or `failure {"code",
"message"}`. Text that the function prints goes to the worker's log, and so do tracebacks.
"""

import errno
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from opensink_web.function_host.entry_points import Handler
from opensink_web.functions import AwaitInput, Context, Resume
from opensink_web.isolation.limits import Limits, bind, set_readable

OUTPUT_MAX_BYTES = 1024 * 1024
_MESSAGE_LENGTH_MAX = 2000


@dataclass(frozen=True, slots=True)
class Task:
    """What to run and within what; `said` and `printed` are the pipes to the host."""

    load: Callable[[], Handler]
    request: bytes
    limits: Limits
    said: int
    printed: int


def carry_out(task: Task, host_id: int) -> NoReturn:
    """Run the task in this process, which has just been forked, and end it."""
    _bind(task, host_id)
    own_id = os.getpid()
    said = _run(task)
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    if os.getpid() == own_id:  # and not of a process that the function has forked and let return
        _write(task.said, said)
    os._exit(0)  # whatever the function has left running ends here


def _bind(task: Task, host_id: int) -> None:
    """Become a process group of its own that dies with its host, within its limits."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, standard in ((nothing, 0), (task.printed, 1), (task.printed, 2)):
        os.dup2(source, standard)
    for opened in (nothing, task.printed):
        os.close(opened)
    bind(task.limits, host_id)
    set_readable(True)  # or it could not open its own /proc/self, /dev/stdout among others


def _run(task: Task) -> bytes:
    try:
        return _call(task)
    except AwaitInput as question:
        return _question(question)
    except MemoryError:
        return _OUT_OF_MEMORY
    except SystemExit as end:
        return _failure(f"The function called sys.exit({end.code!r}) instead of returning.")
    except BaseException as error:
        traceback.print_exc()
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            return _failure("The function wrote a longer file than FUNCTION_FILE_MB permits.")
        return _failure(f"{type(error).__name__}: {_text_of(error)}".removesuffix(": "))


def _call(task: Task) -> bytes:
    head, _, input_data = task.request.partition(b"\n")
    request = json.loads(head)
    os.chdir(request["folder"])
    fields = request["context"]
    resume = fields.pop("resume")
    context = Context(**fields, resume=Resume(**resume) if resume else None)
    return _said("output", task.load()(json.loads(input_data), context))


def _said(word: str, value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        return _failure(f"The function's output is not JSON: {_text_of(error)}.", "bad_output")
    if len(text) > OUTPUT_MAX_BYTES:
        limit = f"{OUTPUT_MAX_BYTES // 1024**2} MiB"
        return _failure(f"The function's output is longer than {limit}.", "output_too_large")
    return word.encode() + b" " + text


def _question(question: AwaitInput) -> bytes:
    prompt: object = question.prompt
    schema: object = question.schema
    if isinstance(prompt, str) and prompt.strip() and isinstance(schema, dict):
        question_json = {"prompt": prompt, "schema": schema, "options": question.options}
        return _said("awaits", question_json)
    return _failure("AwaitInput takes a prompt (a text) and a schema (a dict).", "bad_output")


def _failure(message: str, code: str = "function_failed") -> bytes:
    printable = message.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    failure = {"code": code, "message": printable[:_MESSAGE_LENGTH_MAX]}
    return b"failure " + json.dumps(failure).encode()


# made beforehand: later there may be no memory for it
_OUT_OF_MEMORY = _failure(
    "The function needed more memory than FUNCTION_MEMORY_MB permits.", "out_of_memory"
)


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "its text cannot be had"


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
