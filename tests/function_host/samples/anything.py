"""A function that does whatever its input says."""

import base64
import ctypes
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import deque
from typing import Any

from opensink_web.functions import AwaitInput, Context


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError


class NoException(BaseException):
    pass


def handler(input_data: dict[str, Any], context: Context) -> Any:
    return globals()["do_" + input_data.pop("do")](context, **input_data)


def do_echo(context: Context, **others: Any) -> Any:
    told = context.resume
    resume = told and [told.input_request_id, told.response, told.edited]
    return {
        **others,
        "execution_id": context.execution_id,
        "resume": resume,
        "trace": context.trace,
    }


def do_look_around(_context: Context) -> Any:
    folder = os.getcwd()
    with open("left behind", "w") as file:
        file.write("x")
    opened = sorted(int(name) for name in os.listdir("/proc/self/fd"))
    return {
        "folder": folder,
        "before": os.listdir(folder),
        "variables": dict(os.environ),
        "opened": [each for each in opened if os.path.exists(f"/proc/self/fd/{each}")],
        "stdin": sys.stdin.read(),
        "process_id": os.getpid(),
        "host_id": os.getppid(),
        "blocked": [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        "terminates": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
    }


def do_return(_context: Context, what: str) -> Any:
    made: Any = {
        "set": {1},
        "nan": float("nan"),
        "object": object(),
        "surrogate": "\ud800",
        "nul": "a\0b",
        "twice": {1: "one", "1": "one"},
        "function": handler,
        "long": "x" * 2 * 1024**2,
        "null": None,
    }.get(what)
    if what == "circle":
        made = []
        made.append(made)
    if what == "deep":
        for _ in range(5000):
            made = [made]
    return made


def do_raise(_context: Context, what: str) -> Any:
    raised: dict[str, BaseException] = {
        "ordinary": ValueError("No such document: 12\0"),
        "empty": LookupError(),
        "unprintable": Unprintable(),
        "base": NoException("not even an Exception"),
        "interrupt": KeyboardInterrupt(),
        "long": ValueError("x" * 10_000_000),
    }
    raise raised[what]


def do_exit(_context: Context, how: str) -> Any:
    if how == "sys":
        sys.exit("enough")
    if how == "thread":
        threading.Thread(target=time.sleep, args=(60,)).start()
        return "done"
    os._exit(3)


def do_crash(_context: Context) -> Any:
    ctypes.string_at(0)


def do_eat(_context: Context) -> Any:
    eaten = []
    while True:
        eaten.append(bytearray(1024**2))


def do_show_the_token(context: Context, how: str) -> Any:
    token = context.access_token
    headers = {"Authorization": f"Bearer {token}"}
    print(context, headers, urllib.parse.quote(token, safe=""), sep="\n")
    print(json.dumps({"token": token}), base64.b64encode(token.encode()).decode(), file=sys.stderr)
    sys.stdout.write(token[:20])
    sys.stdout.flush()
    print(token[20:])
    if how == "raise":
        raise ValueError(f"401 for {headers}")
    if how == "flood":
        os.write(1, b"y" * (64 * 1024 - 3000) + token.encode() * 30)
    return context.access_token


def do_write(_context: Context, size_mb: int) -> Any:
    with open("file", "wb") as file:
        file.writelines(b"x" * 1024**2 for _ in range(size_mb))


def do_look_into_memory(_context: Context) -> Any:
    """Tell whose memory of these this process may read: its host's, and its own."""
    readable = []
    for name, process_id in (("host", os.getppid()), ("own", os.getpid())):
        try:
            os.close(os.open(f"/proc/{process_id}/mem", os.O_RDONLY))
            readable.append(name)
        except OSError:
            pass
    return readable


def do_hang(_context: Context, how: str) -> Any:
    if how == "in Python":
        while True:
            pass
    if how == "in C":
        deque(itertools.repeat(0), maxlen=0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(60)


def do_leave_children(_context: Context, *, hangs: bool) -> Any:
    """Of every sort; their ids go to the file that the last one of them writes."""
    ways: list[dict[str, Any]] = [{}, {"process_group": 0}, {"start_new_session": True}]
    left = [subprocess.Popen(["sleep", "60"], **way).pid for way in ways]
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.write(write, str(os.getpid()).encode())
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            time.sleep(60)
        os._exit(0)
    left.append(int(os.read(read, 20)))
    print("left", *left, flush=True)
    if hangs:
        time.sleep(60)
    return left


def do_print(_context: Context, size_bytes: int) -> Any:
    os.write(2, b"first \x1b[31m line\n")
    line = b"y" * 99 + b"\n"
    for _ in range(size_bytes // 100_000):
        os.write(1, line * 1000)
    return "done"


def do_ask(_context: Context, *, prompt: Any, schema: Any, options: Any = None) -> Any:
    try:
        _ask(AwaitInput(prompt, schema, **(options or {})))
    except Exception:
        return "swallowed"


def _ask(question: AwaitInput) -> None:
    raise question


def do_sleep(_context: Context, file: str) -> Any:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    with open(file, "w") as written:
        written.write(f"{os.getpid()} {os.getppid()}\n")
    time.sleep(60)


def do_close_descriptors(_context: Context) -> Any:
    os.closerange(0, 1024)


def do_return_twice(_context: Context) -> Any:
    """Fork, and let both processes return, as a library does that forgets to end the other."""
    if (child := os.fork()) == 0:
        return "the other"
    os.waitpid(child, 0)
    return "one"
