"""What could take long is checked by a process of its own: it is tried, and ends at a deadline."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from opensink_web.errors import Unavailable
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema import deadline
from opensink_web.schema.effort import expanded
from opensink_web.schema.limits import check_schema
from opensink_web.schema.validation import Checker, validate
from tests.support.hostile_schemas import answer, entries, text

pytestmark = pytest.mark.server

FORM = answer(**{f"f{number}": text(pattern="^[^@]{1,64}.+.{1,255}$") for number in range(14)})
"""Its patterns take up to 1 MiB each when they are compiled, and match in no time."""
SLOW = answer(a=text(pattern=r"(\w{1,100}\d){1,50}z"))


PATIENT_SECONDS = 60
"""Nothing of what is checked to its end takes that long of a processor, however slow."""


@pytest.fixture(autouse=True)
def patient_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "CPU_SECONDS", PATIENT_SECONDS)


@pytest.fixture
def short_deadline(monkeypatch: pytest.MonkeyPatch, patient_deadline: None) -> None:
    """For what would go on for minutes, so that it takes no longer here."""
    monkeypatch.setattr(deadline, "CPU_SECONDS", 1)


def is_light(schema: JSONValue, instance: JSONValue) -> bool:
    return expanded(schema).is_light(instance)


def test_what_is_small_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "check", None)
    schema = answer(a=text(pattern="^[A-Z]{1,5}$"), b=text(format="email"), c={"type": "integer"})
    assert validate(schema, {"a": "NVDA" * 300, "b": "a@b.example", "c": 7})
    assert validate(schema, {"a": "NVDA", "b": "a@b.example", "c": 7}) == ()
    assert validate(FORM, {"f0": "x" * 100}) == ()


@pytest.mark.parametrize("words", [8, 80, 400])
def test_a_valid_answer_is_not_too_long(words: int) -> None:
    check_schema(FORM)
    value: JSONObject = {f"f{number}": "wörter " * words for number in range(14)}
    assert not is_light(FORM, value)
    assert validate(FORM, value) == ()


def test_what_is_wrong_is_said_as_it_is_of_a_short_one() -> None:
    value: JSONObject = {f"f{number}": "x" * 200 for number in range(14)}
    value["f3"] = "@"
    assert not is_light(FORM, value)
    assert validate(FORM, value) == validate(FORM, {"f3": "@"})
    assert len(validate(FORM, value)) == 1


@pytest.mark.usefixtures("short_deadline")
def test_only_what_has_met_the_deadline_is_too_long() -> None:
    [error] = validate(SLOW, {"a": "w1" * 500_000})
    assert (error.path, error.message) == ("", error.message)
    assert "takes more than 3 seconds" in error.message


@pytest.mark.usefixtures("short_deadline")
def test_what_is_wrong_and_takes_too_long_to_explain_is_still_wrong() -> None:
    schema = answer(a={"propertyNames": {"enum": list("abc")}})
    [error] = validate(schema, {"a": {str(n): 0 for n in range(4_000)}})
    assert error.message == "This does not match the schema; it is too complex to say where."


@pytest.mark.usefixtures("short_deadline")
def test_others_go_on_meanwhile() -> None:
    deadline.start()
    check = threading.Thread(target=validate, args=(SLOW, {"a": "w1" * 500_000}))
    check.start()
    turns = 0
    while check.is_alive():
        time.sleep(0.001)
        turns += 1
    assert turns > 20


def test_it_goes_on_when_its_program_was_killed() -> None:
    deadline.start()
    program = deadline._host._program
    assert program is not None
    program.kill()
    assert deadline.check("true", {}).is_valid


def test_a_process_that_dies_refuses_and_does_not_fail() -> None:
    """As it does when the engine panics, or memory has run out."""
    deadline.start()
    verdicts: list[deadline.Verdict] = []
    slow = Checker(SLOW).schema_text
    check = threading.Thread(
        target=lambda: verdicts.append(deadline.check(slow, {"a": "w1" * 500_000}))
    )
    while children():  # the one that has answered to `start` may not have ended yet
        time.sleep(0.001)
    check.start()
    while not (begun := children()):
        time.sleep(0.001)
    for child in begun:
        os.kill(child, signal.SIGKILL)
    check.join()
    assert verdicts[0].is_valid is None


def children() -> list[int]:
    """The processes that check something now."""
    program = deadline._host._program
    assert program is not None
    host_id = program._process.pid
    text = Path(f"/proc/{host_id}/task/{host_id}/children").read_text()
    return [int(child) for child in text.split()]


def test_a_machine_without_time_says_so_and_refuses_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadline, "WALL_SECONDS", 0.0001)
    with pytest.raises(Unavailable):
        deadline.check("true", {})


def test_the_program_has_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSINK_SECRET", "s3cr3t")
    deadline.close()
    deadline.start()
    program: Any = deadline._host._program
    assert b"s3cr3t" not in Path(f"/proc/{program._process.pid}/environ").read_bytes()


def test_a_batch_is_told_what_its_checks_took_elsewhere() -> None:
    checker = Checker(FORM)
    value: JSONObject = {f"f{number}": "x" * 200 for number in range(14)}
    assert checker.errors_of(value) == ()
    assert checker.seconds_apart > 0


def test_many_values_are_many_checks() -> None:
    schema = answer(a=entries({"anyOf": [{"const": n} for n in range(4_000)]}))
    assert not is_light(schema, {"a": [3_999] * 1_000})
    assert validate(schema, {"a": [3_999] * 1_000}) == ()
