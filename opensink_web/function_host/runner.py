"""What a worker calls to have a Python function carried out. Safe to use from many threads."""

import json
import logging
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory

from opensink_web import json_value
from opensink_web.errors import InvalidInput
from opensink_web.function_host.entry_points import GROUP, available_entry_points
from opensink_web.functions import Context
from opensink_web.isolation import frames
from opensink_web.isolation.program import Program
from opensink_web.json_value import JSONObject
from opensink_web.outbound.outcome import Awaits, Failure, Outcome, Output
from opensink_web.outbound.redaction import spelled, without_secrets

IDLE_HOSTS_MAX = 32
_GRACE_SECONDS = 5.0
"""How much longer than a call its host may take before the host counts as stuck."""
_CONTROL_CHARACTERS = dict.fromkeys((*range(9), *range(10, 32), 127), "�")
_log = logging.getLogger("opensink.functions")


class PythonRunner:
    """Runs functions in processes of their own; keeps a host for each entry point that was used.

    `environment` is all that functions see of variables; `memory_mb` is what one call may have, and
    `file_mb` how long a file may get that it writes.
    """

    def __init__(self, environment: Mapping[str, str], *, memory_mb: int, file_mb: int) -> None:
        self._environment = dict(environment)
        self._sizes_mb = (memory_mb, file_mb)
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def run(
        self, entry_point: str, input_data: JSONObject, context: Context, timeout_seconds: float
    ) -> Outcome:
        """Carry a function out, and wait for it at most `timeout_seconds`. Never raises for what
        the function does.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._in_use(entry_point) as host:
            if host is None:
                message = f"No installed package advertises {entry_point} in {GROUP}."
                return Failure(message, "not_installed")
            failure = host.wait_until_ready(deadline, timeout_seconds)
            if failure is not None:
                return failure
            with TemporaryDirectory(prefix="opensink-", ignore_cleanup_errors=True) as folder:
                task = _Task(input_data, context, folder)
                return host.call(task, deadline, timeout_seconds)

    def close(self) -> None:
        """End all hosts and what they run."""
        with self._lock:
            for host in self._hosts.values():
                host.close()
            self._hosts.clear()

    def __enter__(self) -> "PythonRunner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _in_use(self, entry_point: str) -> "Iterator[_Host | None]":
        with self._lock:
            host = self._take(entry_point)
        try:
            yield host
        finally:
            if host is not None:
                with self._lock:
                    host.calls_in_flight -= 1

    def _take(self, entry_point: str) -> "_Host | None":
        """Return the host, the youngest of all from now on."""
        host = self._hosts.pop(entry_point, None)
        if host is not None and not host.is_usable:
            host.close()
            host = None
        if host is None:
            if entry_point not in available_entry_points():
                return None
            self._make_space()
            host = _Host(entry_point, self._environment, self._sizes_mb)
        host.calls_in_flight += 1
        self._hosts[entry_point] = host
        return host

    def _make_space(self) -> None:
        idle = [name for name, host in self._hosts.items() if not host.calls_in_flight]
        for name in idle[: max(len(self._hosts) - IDLE_HOSTS_MAX + 1, 0)]:
            self._hosts.pop(name).close()


class _Host:
    """The worker's end of a host process; `calls_in_flight` belongs to the runner's lock."""

    def __init__(
        self, entry_point: str, environment: Mapping[str, str], sizes_mb: tuple[int, int]
    ) -> None:
        self.calls_in_flight = 0
        self._entry_point = entry_point
        self._lock = threading.Lock()
        self._is_ready = False
        self._failure: Failure | None = None
        self._program = Program(
            "opensink_web.function_host.host",
            *(entry_point, *map(str, sizes_mb)),
            environment=environment,
            stdout=2,  # what a package prints while it is imported is no output of ours
        )

    @property
    def is_usable(self) -> bool:
        """Return True if it runs and has not failed to import its function."""
        return self._failure is None and self._program.is_running

    def wait_until_ready(self, deadline: float, timeout_seconds: float) -> Failure | None:
        """Wait until the function is imported; return why not, if it cannot be, or not in time."""
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not self._lock.acquire(timeout=remaining):
            return self._still_importing(timeout_seconds)
        try:
            if not self._is_ready and self._failure is None:
                self._hear(deadline)
            return self._failure
        except TimeoutError:
            return self._still_importing(timeout_seconds)
        finally:
            self._lock.release()

    def call(self, task: "_Task", deadline: float, timeout_seconds: float) -> Outcome:
        """Have the host make one call."""
        try:
            remaining = max(deadline - time.monotonic(), 0.001)
            with self._lock:
                connection = self._program.connect()
            with connection:
                connection.settimeout(remaining + _GRACE_SECONDS)
                connection.sendall(frames.pack(frames.CALL, task.request(remaining)))
                log = _FunctionLog(self._entry_point, task.context)
                return self._outcome(connection, log, timeout_seconds)
        except TimeoutError:
            self.close()
            return _timed_out(timeout_seconds)
        except (EOFError, OSError):
            message = "The process that carries out this function has ended; try again."
            return Failure(message, "process_ended")

    def close(self) -> None:
        """End the host; it ends its calls, unless it is stuck."""
        if self._is_ready:
            self._program.close(_GRACE_SECONDS)
        else:
            self._program.kill()  # it does not look up from what it imports

    def _hear(self, deadline: float) -> None:
        control = self._program.control
        control.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            kind, payload = frames.receive(control)
        except EOFError:
            how = _ending(self._program.wait(_GRACE_SECONDS))
            message = f"The process of {self._entry_point} ended while it was imported, {how}."
            self._failure = Failure(message, "function_failed")
        else:
            self._is_ready = kind == frames.READY
            if not self._is_ready:
                self._failure = Failure(payload.decode("utf-8", "replace"), "function_failed")
        control.settimeout(None)

    def _still_importing(self, timeout_seconds: float) -> Failure:
        message = f"{self._entry_point} was still being imported after {timeout_seconds:g} s."
        return Failure(message, "timeout")

    def _outcome(
        self, connection: socket.socket, log: "_FunctionLog", timeout_seconds: float
    ) -> Outcome:
        result: bytes | None = None
        while (frame := frames.receive(connection))[0] != frames.END:
            kind, payload = frame
            if kind == frames.LOG:
                log.add(payload)
            else:
                result = payload
        end = json.loads(frame[1])
        log.end(end["lost_bytes"])
        if result:
            return _read(result)
        if end["is_overdue"]:
            return _timed_out(timeout_seconds)
        message = f"The function's process ended before it returned, {_ending(end['exit_code'])}."
        return Failure(message, "process_ended")


@dataclass(frozen=True, slots=True)
class _Task:
    input_data: JSONObject
    context: Context
    folder: str

    def request(self, timeout_seconds: float) -> bytes:
        """Return the request: what the host reads too on the first line, the input on the next."""
        context = asdict(self.context)
        head = {"timeout_seconds": timeout_seconds, "folder": self.folder, "context": context}
        return json.dumps(head).encode() + b"\n" + json.dumps(self.input_data).encode()


class _FunctionLog:
    """Writes what one call prints into the worker's log, line by line and without its token.

    A function that prints its context, or raises with it, does so by mistake: whoever reads logs is
    not to act in the name of its user.
    """

    def __init__(self, entry_point: str, context: Context) -> None:
        self._name = (entry_point, context.execution_id)
        self._secrets = spelled([context.access_token])
        self._rest = b""

    def add(self, printed: bytes) -> None:
        *lines, self._rest = (self._rest + printed).split(b"\n")
        for line in lines:
            self._write(line)

    def end(self, lost_bytes: int) -> None:
        if self._rest:
            self._write(self._rest, is_cut=lost_bytes > 0)
        if lost_bytes:
            _log.info("%s %s: … %d bytes more", *self._name, lost_bytes)

    def _write(self, line: bytes, *, is_cut: bool = False) -> None:
        text = without_secrets(line.decode("utf-8", "replace"), self._secrets, is_cut=is_cut)
        text = text.translate(_CONTROL_CHARACTERS)
        _log.info("%s %s: %s", *self._name, text)


def _read(result: bytes) -> Outcome:
    word, _, text = result.partition(b" ")
    try:
        said = json_value.parse(text)
    except InvalidInput as error:
        message = f"The function's output cannot be taken as JSON. {error.message}"
        return Failure(message, "bad_output")
    match word, said:
        case b"output", _:
            return Output(said)
        case b"awaits", {"prompt": str(prompt), "schema": schema, "options": dict(options)}:
            return Awaits(prompt, schema, options)
        case b"failure", {"message": str(message), "code": str(code)}:
            return Failure(message, code)
    return Failure("The function's process said what nobody understands.", "bad_output")


def _timed_out(timeout_seconds: float) -> Failure:
    return Failure(f"The function did not end within {timeout_seconds:g} s.", "timeout")


def _ending(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"with exit code {exit_code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"killed by signal {-exit_code}"
