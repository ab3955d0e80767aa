"""Python functions: whatever one does, its call alone fails, with a sentence that says why."""

import logging
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from opensink_web.function_host import runner as runner_module
from opensink_web.function_host.entry_points import available_entry_points
from opensink_web.function_host.runner import PythonRunner
from opensink_web.functions import Context, Resume
from opensink_web.json_value import JSONObject
from opensink_web.outbound.outcome import Awaits, Failure, Outcome, Output
from tests.function_host.conftest import SIZES, is_alive
from tests.support.neighbour import WITHOUT_CAPABILITIES

pytestmark = pytest.mark.server

CONTEXT = Context("e-1", "user-1", "alice@example.com", "api", "runtime-api", None, "token")
Run = Callable[..., Outcome]


@pytest.fixture
def run(runner: PythonRunner) -> Run:
    """Have the function do something; it has plenty of time unless a test says else."""

    def run(
        do: str, *, context: Context = CONTEXT, timeout_seconds: float = 20, **more: Any
    ) -> Outcome:
        return runner.run("anything", {"do": do, **more}, context, timeout_seconds)

    return run


def output(outcome: Outcome) -> Any:
    assert isinstance(outcome, Output), outcome
    return outcome.value


def failure(outcome: Outcome) -> Failure:
    assert isinstance(outcome, Failure), outcome
    assert outcome.message.isprintable()
    return outcome


def wait_until_gone(process_ids: list[int]) -> None:
    deadline = time.monotonic() + 60
    while any(map(is_alive, process_ids)):
        assert time.monotonic() < deadline, "a process was left behind"
        time.sleep(0.01)


class TestWhatAFunctionGets:
    def test_its_input_and_its_context(self, run: Run) -> None:
        assert output(run("echo", n=1, text="ü\u2028")) == {
            "n": 1,
            "text": "ü\u2028",
            "execution_id": "e-1",
            "resume": None,
            "trace": {},
        }

    def test_the_headers_that_go_on_with_the_trace(self, run: Run) -> None:
        trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        assert output(run("echo", context=replace(CONTEXT, trace=trace)))["trace"] == trace

    def test_a_persons_answer_when_it_resumes(self, run: Run) -> None:
        response = {"approved": True}
        resumed = replace(CONTEXT, resume=Resume("request-1", response, ["/approved"]))
        assert output(run("echo", context=resumed))["resume"] == [
            *("request-1", response, ["/approved"]),
        ]

    def test_an_empty_folder_that_is_deleted_afterwards(self, run: Run) -> None:
        seen = output(run("look_around"))
        assert seen["before"] == ["left behind"]
        assert not Path(seen["folder"]).exists()

    def test_the_workers_variables_without_our_secrets(self, run: Run) -> None:
        variables = output(run("look_around"))["variables"]
        assert variables["SOMETHING"] == "else"
        assert variables["PUBLIC_URL"] == "http://127.0.0.1:7465"
        assert "a secret of ours" not in variables.values()

    def test_nothing_that_the_worker_or_another_call_has_open(self, run: Run) -> None:
        with ThreadPoolExecutor(8) as threads:
            seen = list(threads.map(lambda _: output(run("look_around")), range(16)))
        assert {len(each["opened"]) for each in seen} == {4}  # the standard three, and its pipe
        assert {each["stdin"] for each in seen} == {""}

    def test_a_process_of_its_own_whose_signals_are_as_usual(self, run: Run) -> None:
        one, other = output(run("look_around")), output(run("look_around"))
        assert one["process_id"] != other["process_id"]
        assert one["host_id"] == other["host_id"]
        assert (one["blocked"], one["terminates"]) == ([], True)


class TestWhatComesBack:
    def test_a_question_is_asked_even_where_every_exception_is_caught(self, run: Run) -> None:
        asked = run("ask", prompt="Sure?", schema={"type": "object"})
        assert asked == Awaits("Sure?", {"type": "object"})

    def test_a_question_may_have_a_deadline(self, run: Run) -> None:
        options: JSONObject = {"expires_in_seconds": 60, "tags": ["vip"]}
        asked = run("ask", prompt="Sure?", schema={}, options=options)
        assert asked == Awaits("Sure?", {}, options)

    @pytest.mark.parametrize(("prompt", "schema"), [("", {}), (1, {}), ("Sure?", None)])
    def test_a_question_that_is_none_is_a_failure(
        self, run: Run, prompt: object, schema: object
    ) -> None:
        assert failure(run("ask", prompt=prompt, schema=schema)).code == "bad_output"

    def test_nothing_is_null(self, run: Run) -> None:
        assert output(run("return", what="null")) is None

    @pytest.mark.parametrize(
        ("what", "message"),
        [
            ("set", "not JSON: Object of type set"),
            ("object", "not JSON: Object of type object"),
            ("function", "not JSON: Object of type function"),
            ("nan", "not JSON: Out of range float values"),
            ("circle", "not JSON: Circular reference"),
            ("deep", "not JSON: maximum recursion depth"),
            ("surrogate", "not JSON: 'utf-8' codec can't encode"),
            ("nul", "cannot be taken as JSON. The JSON has a string that contains a NUL"),
            (
                "twice",
                "cannot be taken as JSON. The JSON has an object in which a key occurs twice",
            ),
        ],
    )
    def test_what_is_no_json_is_a_failure(self, run: Run, what: str, message: str) -> None:
        failed = failure(run("return", what=what))
        assert failed.code == "bad_output"
        assert message in failed.message

    def test_an_output_beyond_a_mebibyte_is_a_failure(self, run: Run) -> None:
        failed = failure(run("return", what="long"))
        assert failed.code == "output_too_large"
        assert failed.message == "The function's output is longer than 1 MiB."

    @pytest.mark.parametrize(
        ("what", "message"),
        [
            ("ordinary", "ValueError: No such document: 12\ufffd"),
            ("empty", "LookupError"),
            ("unprintable", "Unprintable: its text cannot be had"),
            ("base", "NoException: not even an Exception"),
            ("interrupt", "KeyboardInterrupt"),
            ("long", "ValueError: " + "x" * 1988),
        ],
    )
    def test_an_exception_is_a_failure_with_its_type_and_message(
        self, run: Run, what: str, message: str
    ) -> None:
        assert run("raise", what=what) == Failure(message, "function_failed")


class TestWhatItPrints:
    def test_goes_to_the_workers_log_with_the_traceback(
        self, run: Run, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "opensink.functions")
        run("raise", what="ordinary")
        assert "anything e-1: Traceback (most recent call last):" in caplog.messages
        assert any(line.startswith('anything e-1:   File "') for line in caplog.messages)

    @pytest.mark.parametrize("how", ["return", "raise", "flood"])
    def test_has_no_token_in_it(self, run: Run, caplog: pytest.LogCaptureFixture, how: str) -> None:
        caplog.set_level(logging.INFO, "opensink.functions")
        token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ+/=.c2lnbmF0dXJlLW9mLWEtdG9rZW4"
        run("show_the_token", how=how, context=replace(CONTEXT, access_token=token))
        assert "Authorization" in caplog.text
        assert "Bearer ••••" in caplog.text
        spellings = (token, quote(token, safe=""), b64encode(token.encode()).decode(), token[:20])
        assert not [each for each in spellings if each in caplog.text]

    def test_is_kept_short_and_cannot_steer_a_terminal(
        self, run: Run, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "opensink.functions")
        assert output(run("print", size_bytes=100_000_000)) == "done"
        assert caplog.messages[0] == "anything e-1: first \ufffd[31m line"
        assert len(caplog.text) < 200_000
        assert caplog.messages[-1] == f"anything e-1: … {100_000_000 + 17 - 65_536} bytes more"


class TestWhatItReads:
    def test_not_the_memory_of_its_host_where_others_calls_are(
        self, function_environment: dict[str, str]
    ) -> None:
        worker = subprocess.run(
            [*WITHOUT_CAPABILITIES, sys.executable, "-c", _LOOKS_INTO_MEMORY],
            env=function_environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert worker.stdout == "['own']\n"


class TestWhatItBreaks:
    @pytest.mark.parametrize(
        ("do", "more", "message", "code"),
        [
            ("crash", {}, "ended before it returned, killed by SIGSEGV.", "process_ended"),
            ("exit", {"how": "os"}, "ended before it returned, with exit code 3.", "process_ended"),
            ("exit", {"how": "sys"}, "called sys.exit('enough')", "function_failed"),
            ("close_descriptors", {}, "returned, with exit code 1.", "process_ended"),
            ("eat", {}, "more memory than FUNCTION_MEMORY_MB permits", "out_of_memory"),
            (
                "write",
                {"size_mb": 3},
                "longer file than FUNCTION_FILE_MB permits",
                "function_failed",
            ),
        ],
    )
    def test_ends_its_own_call_alone(
        self, run: Run, do: str, more: dict[str, str], message: str, code: str
    ) -> None:
        with ThreadPoolExecutor(3) as threads:
            others = [threads.submit(run, "echo", n=n) for n in range(3)]
            failed = failure(run(do, **more))
        assert failed.code == code
        assert message in failed.message
        assert [output(other.result())["n"] for other in others] == [0, 1, 2]

    def test_of_a_function_that_forks_only_its_own_process_returns(self, run: Run) -> None:
        assert output(run("return_twice")) == "one"

    def test_threads_that_it_leaves_running_end_with_it(self, run: Run) -> None:
        started = time.monotonic()
        assert output(run("exit", how="thread")) == "done"
        assert time.monotonic() - started < 50

    def test_however_it_hangs_it_ends_in_time(self, run: Run) -> None:
        ways = ["in Python", "in C", "deaf to signals"]
        started = time.monotonic()
        with ThreadPoolExecutor(4) as threads:
            hung = [threads.submit(run, "hang", how=way, timeout_seconds=0.5) for way in ways]
            assert output(run("echo", n=1))["n"] == 1
        expected = Failure("The function did not end within 0.5 s.", "timeout")
        assert [each.result() for each in hung] == [expected] * 3
        assert time.monotonic() - started < 50

    @pytest.mark.parametrize("hangs", [False, True])
    def test_processes_that_it_leaves_behind_end_with_it(
        self, run: Run, caplog: pytest.LogCaptureFixture, hangs: bool
    ) -> None:
        caplog.set_level(logging.INFO, "opensink.functions")
        run("leave_children", hangs=hangs, timeout_seconds=4 if hangs else 20)
        (line,) = [line for line in caplog.messages if "left" in line]
        left = [int(process_id) for process_id in line.partition("left ")[2].split()]
        assert len(left) == 4
        wait_until_gone(left)


class TestEntryPoints:
    @pytest.mark.usefixtures("packages")
    def test_those_of_installed_packages_are_known(self) -> None:
        assert {"anything", "threaded", "dies_when_imported"} <= set(available_entry_points())

    @pytest.mark.parametrize(
        ("name", "message", "code"),
        [
            ("missing", "No installed package advertises missing", "not_installed"),
            ("nul\0", "No installed package advertises nul", "not_installed"),
            ("not_callable", "cannot be imported: TypeError", "function_failed"),
            (
                "raises_when_imported",
                "cannot be imported: RuntimeError: no licence found",
                "function_failed",
            ),
            (
                "dies_when_imported",
                "ended while it was imported, with exit code 4",
                "function_failed",
            ),
        ],
    )
    def test_one_that_cannot_be_used_is_a_failure_that_says_why(
        self, runner: PythonRunner, name: str, message: str, code: str
    ) -> None:
        failed = runner.run(name, {}, CONTEXT, 20)
        assert isinstance(failed, Failure)
        assert message in failed.message
        assert failed.code == code

    def test_a_package_that_is_slow_to_import_holds_up_no_other_and_no_end(
        self, function_environment: dict[str, str]
    ) -> None:
        started = time.monotonic()
        with PythonRunner(function_environment, **SIZES) as ours:
            slow = ours.run("hangs_when_imported", {}, CONTEXT, 0.3)
            assert output(ours.run("anything", {"do": "echo"}, CONTEXT, 20))["resume"] is None
        message = "hangs_when_imported was still being imported after 0.3 s."
        assert slow == Failure(message, "timeout")
        assert time.monotonic() - started < 50

    def test_a_package_that_starts_threads_is_imported_by_each_call(
        self, runner: PythonRunner
    ) -> None:
        outputs = [output(runner.run("threaded", {"n": n}, CONTEXT, 20)) for n in range(2)]
        assert [each["n"] for each in outputs] == [0, 1]
        assert [each["imported_here"] for each in outputs] == [True, True]

    def test_the_example_in_the_readme_works(self, runner: PythonRunner) -> None:
        asked = runner.run("readme", {"version": "2.4"}, CONTEXT, 20)
        assert isinstance(asked, Awaits)
        assert asked.prompt == "Deploy **2.4**?"
        resumed = replace(CONTEXT, resume=Resume("request-1", {"go": True}))
        assert runner.run("readme", {}, resumed, 20) == Output({"deployed": True})


class TestHosts:
    def test_a_host_that_was_killed_fails_its_calls_and_is_started_again(
        self, run: Run, tmp_path: Path
    ) -> None:
        with ThreadPoolExecutor(1) as threads:
            sleeping = threads.submit(run, "sleep", file=str(tmp_path / "ids"))
            ids = ids_in(tmp_path / "ids")
            os.kill(ids[1], signal.SIGKILL)
            assert failure(sleeping.result()).code == "process_ended"
        wait_until_gone(ids)
        assert output(run("echo", n=1))["n"] == 1

    def test_of_hosts_that_nobody_needs_only_some_are_kept(
        self, function_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner_module, "IDLE_HOSTS_MAX", 1)
        with PythonRunner(function_environment, **SIZES) as few:
            first = output(few.run("anything", {"do": "look_around"}, CONTEXT, 20))["host_id"]
            second = output(few.run("threaded", {}, CONTEXT, 20))["host_id"]
            wait_until_gone([first])
            assert is_alive(second)
        wait_until_gone([second])

    def test_all_ends_with_a_worker_that_is_killed(
        self, function_environment: dict[str, str], packages: Path, tmp_path: Path
    ) -> None:
        file = tmp_path / "ids"
        worker = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(file)], env=function_environment
        )
        ids = ids_in(file)
        worker.kill()
        worker.wait()
        wait_until_gone(ids)


_WORKER = """
import os, sys
from opensink_web.function_host.runner import PythonRunner
from tests.function_host.test_runner import CONTEXT
runner = PythonRunner(os.environ, memory_mb=160, file_mb=2)
runner.run("anything", {"do": "sleep", "file": sys.argv[1]}, CONTEXT, 60)
"""


_LOOKS_INTO_MEMORY = """
import os
from opensink_web.function_host.runner import PythonRunner
from tests.function_host.test_runner import CONTEXT
with PythonRunner(os.environ, memory_mb=160, file_mb=2) as runner:
    print(runner.run("anything", {"do": "look_into_memory"}, CONTEXT, 60).value)
"""


def ids_in(file: Path) -> list[int]:
    """Wait for a sleeping call's process id and that of its host."""
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return [int(process_id) for process_id in file.read_text().split()]
