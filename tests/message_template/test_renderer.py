"""Templates are filled in by processes that the kernel ends, and by few of them at once."""

import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from opensink_web.errors import RateLimited, Unavailable
from opensink_web.json_value import JSONObject
from opensink_web.message_template import permits
from opensink_web.message_template import renderer as renderer_module
from opensink_web.message_template.renderer import (
    NotFilledIn,
    TemplateRenderer,
    TemplatesRefused,
)

pytestmark = pytest.mark.server

MANY: JSONObject = {
    "zeros": [0] * 20_000,
    "many": list(range(20_000)),
    "text": "x" * 50_000,
    "object": {str(number): number for number in range(5000)},
    "rows": [{"n": number % 7} for number in range(10_000)],
}
# a list that holds another twenty thousand times, for the price of a pointer each
MULTIPLIED = "{% set all = zeros|map('d', many, true)|list %}"
# a value that is written 2 ** 40 times, and is kept once
SHARED = "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 40
SHARED_TOO = SHARED.replace("set a", "set b").replace("[a, a]", "[b, b]")
MANY_INPUTS: list[JSONObject] = [{"n": number} for number in range(300)]
NEVER_ENDS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
ENDLESS = {
    "sum": MULTIPLIED + "{{ all|sum(start=[])|length }}",
    "string": MULTIPLIED + "{{ all|string|length }}",
    "join": MULTIPLIED + "{{ all|join|length }}",
    "json": MULTIPLIED + "{{ all|tojson|length }}",
    "shared": SHARED + "{{ a }}",
    "equal": SHARED + SHARED_TOO + "{{ a == b }}",
    "loops": NEVER_ENDS,
    "sort": "{% for i in many %}{% set a = rows|sort(attribute='n') %}{% endfor %}",
    "product": "{% set a = 99999 %}" + "{% set a = a * a %}" * 40 + "{{ a > 1 }}",
}
HUGE = {
    "text": "{{ 'a' * 10 ** 9 }}",
    "list": "{{ [0] * 10 ** 9 }}",
    "center": "{{ 'a'|center(10 ** 9) }}",
    "indent": "{{ 'a'|indent(10 ** 9, true) }}",
    "json": "{{ object|tojson(indent=10 ** 9)|length }}",
    "batch": "{{ [0]|batch(10 ** 9, 1)|list|length }}",
    "slice": "{{ many|slice(10 ** 8)|list|length }}",
    "replace": "{{ ('a' * 50000)|replace('a', 'b' * 50000)|length }}",
    "join": "{{ range(99999)|join('a' * 90000)|length }}",
    "joined": "{% set a = 'xxxxxxxx' %}" + "{% set a = a ~ a %}" * 60 + "{{ a|length }}",
    "added": "{% set a = ['x'] %}" + "{% set a = a + a %}" * 60 + "{{ a|length }}",
    "escaped": "{% set a = '\"' %}" + "{% set a = a|tojson %}" * 60 + "{{ a|length }}",
}
UNREADABLE = {
    "brackets": "{{ " + "(" * 15_000 + "1" + ")" * 15_000 + " }}",
    "lists": "{{ " + "[" * 8000 + "]" * 8000 + " }}",
    "attributes": "{{ many" + ".a" * 9000 + " }}",
    "filters": "{{ many" + "|list" * 6000 + " }}",
    "indexes": "{{ " + "many[" * 6000 + "0" + "]" * 6000 + " }}",
    "minus": "{{ " + "-" * 15_000 + "1 }}",
    "not": "{{ " + "not " * 7000 + "1 }}",
    "sums": "{{ " + "1 + " * 7000 + "1 }}",
    "conditions": "{% if many %}" * 2000 + "{% endif %}" * 2000,
    "digits": "{{ 1" + "0" * 32_000 + " }}",
    "tags": "{%" * 16_000,
    "text without end": "{{ '" + "\\" * 32_000,
}


@pytest.fixture(scope="module")
def renderer() -> Iterator[TemplateRenderer]:
    """Templates have one second of a processor, so that a hostile one takes no longer here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderer_module, "CPU_SECONDS", 1)
        made = TemplateRenderer()
        yield made
        made.close()


def fill_in(
    renderer: TemplateRenderer, template: str, inputs: Sequence[JSONObject]
) -> list[list[str]]:
    return renderer.render("workspace", [template], inputs)


class TestFillingIn:
    def test_each_input_has_all_messages_in_order(self, renderer: TemplateRenderer) -> None:
        inputs: list[JSONObject] = [{"n": number, "text": "ü🙂" * 100} for number in range(1000)]
        said = renderer.render("workspace", ["{{ n }}", "{{ text }}"], inputs)
        assert said == [[str(each["n"]), each["text"]] for each in inputs]

    def test_nothing_is_started_for_an_agent_without_templates(self) -> None:
        renderer = TemplateRenderer()
        assert renderer.render("workspace", [], [{}, {}]) == [[], []]
        renderer.check("workspace", [])
        assert renderer._host._program is None

    def test_the_input_at_fault_is_named(self, renderer: TemplateRenderer) -> None:
        with pytest.raises(NotFilledIn, match="'n' is undefined") as refusal:
            fill_in(renderer, "{{ n }}", [*MANY_INPUTS, {}])
        assert refusal.value.index == 300

    def test_a_batch_of_thousands_is_filled_in_a_thousand_at_a_time(
        self, renderer: TemplateRenderer
    ) -> None:
        inputs: list[JSONObject] = [{"n": number} for number in range(2500)]
        assert renderer.render("a", ["{{ n }}"], inputs) == [[str(n)] for n in range(2500)]
        inputs[2100] = {}
        with pytest.raises(NotFilledIn) as caught:
            renderer.render("a", ["{{ n }}"], inputs)
        assert caught.value.index == 2100

    def test_messages_of_all_thousands_together_have_an_end(
        self, renderer: TemplateRenderer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(renderer_module, "TEXTS_BYTES_ALL_MAX", 25_000)
        inputs: list[JSONObject] = [{}] * 2000
        with pytest.raises(NotFilledIn, match="Submit it in several"):
            renderer.render("a", ["twenty characters .."], inputs)

    def test_the_one_that_never_ends_is_named(self, renderer: TemplateRenderer) -> None:
        template = "{% if n %}" + NEVER_ENDS + "{% endif %}"
        with pytest.raises(NotFilledIn, match="too long") as refusal:
            fill_in(renderer, template, [{"n": number // 7} for number in range(8)])
        assert refusal.value.index == 7

    def test_all_messages_together_have_an_end(self, renderer: TemplateRenderer) -> None:
        with pytest.raises(NotFilledIn, match="longer than 32 MiB together"):
            fill_in(renderer, "{{ 'ü' * 99999 }}", [{}] * 1000)

    def test_what_is_no_template_is_refused_by_its_place(self, renderer: TemplateRenderer) -> None:
        with pytest.raises(TemplatesRefused) as refusal:
            renderer.check("workspace", ["{{ a }}", "{{ a"])
        assert [bool(each) for each in refusal.value.errors] == [False, True]

    def test_it_goes_on_when_its_host_was_killed(self, renderer: TemplateRenderer) -> None:
        assert fill_in(renderer, "a", [{}]) == [["a"]]
        assert renderer._host._program is not None
        renderer._host._program._process.kill()
        renderer._host._program._process.wait()
        assert fill_in(renderer, "b", [{}]) == [["b"]]


class TestNobodyIsHeldUp:
    @pytest.mark.parametrize("template", ENDLESS.values(), ids=list(ENDLESS))
    def test_by_what_never_ends(self, renderer: TemplateRenderer, template: str) -> None:
        with pytest.raises(NotFilledIn, match="take too long to fill in with these values, or"):
            fill_in(renderer, template, [MANY])

    @pytest.mark.parametrize("template", HUGE.values(), ids=list(HUGE))
    def test_by_what_grows(self, renderer: TemplateRenderer, template: str) -> None:
        with pytest.raises(NotFilledIn, match="too much memory"):
            fill_in(renderer, template, [MANY])

    @pytest.mark.parametrize("template", UNREADABLE.values(), ids=list(UNREADABLE))
    def test_by_what_is_hard_to_read(self, renderer: TemplateRenderer, template: str) -> None:
        with pytest.raises(TemplatesRefused):
            renderer.check("workspace", [template])

    def test_others_have_theirs_filled_in_meanwhile(self, renderer: TemplateRenderer) -> None:
        with ThreadPoolExecutor() as threads:
            hostile = [
                threads.submit(renderer.render, "hostile", [NEVER_ENDS], [{}]) for _ in range(2)
            ]
            while not renderer._permits._running["hostile"]:
                time.sleep(0.001)
            said = renderer.render("another", ["{{ n }}"], [{"n": 1}])
            assert not all(each.done() for each in hostile)
            assert all(isinstance(each.exception(), NotFilledIn) for each in hostile)
        assert said == [["1"]]

    def test_nor_by_the_memory_of_this_process(self, renderer: TemplateRenderer) -> None:
        before = memory_of_this_process_kib()
        for name in ("text", "list", "slice"):
            with pytest.raises(NotFilledIn):
                fill_in(renderer, HUGE[name], [MANY])
        assert memory_of_this_process_kib() - before < 50 * 1024


def memory_of_this_process_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise LookupError("VmHWM")


class TestWhatTheProcessHas:
    """What somebody had who broke out of the sandbox."""

    def test_no_variable_descriptor_or_process(
        self, renderer: TemplateRenderer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(renderer_module, "CPU_SECONDS", 77)
        with ThreadPoolExecutor() as threads:
            future = threads.submit(fill_in, renderer, NEVER_ENDS, [MANY])
            process_id = wait_for_limited_process(renderer, future)
            proc = Path(f"/proc/{process_id}")
            variables = (proc / "environ").read_bytes().rstrip(b"\0").split(b"\0")
            links = [os.readlink(each) for each in sorted((proc / "fd").iterdir())]
            limits = (proc / "limits").read_text().splitlines()
            os.kill(process_id, signal.SIGKILL)
            assert future.exception() is not None
        assert [each.partition(b"=")[0] for each in variables] == [b"PYTHONPATH"]
        assert links[:2] == ["/dev/null", "/dev/null"]
        assert len(links) == 4  # with the log, and the connection
        set_to = {line[:26].strip(): line[26:].split()[:2] for line in limits}
        assert set_to["Max file size"] == ["0", "0"]
        assert set_to["Max processes"] == ["0", "0"]
        assert set_to["Max core file size"] == ["0", "0"]
        assert set_to["Max cpu time"] == ["77", "77"]
        assert set_to["Max address space"] == [str(192 * 1024**2)] * 2


def wait_for_limited_process(renderer: TemplateRenderer, future: Future[list[list[str]]]) -> int:
    """Return the process that the host has forked, once its limits are set."""
    while not future.done():
        if renderer._host._program is not None:
            host_id = renderer._host._program._process.pid
            for child in Path(f"/proc/{host_id}/task/{host_id}/children").read_text().split():
                with suppress(OSError):  # one of another test, which has ended
                    limits = Path(f"/proc/{child}/limits").read_text()
                    # the number of processes is limited last
                    if re.search(r"cpu time +77 ", limits) and re.search(r"processes +0 ", limits):
                        return int(child)
    raise AssertionError("it had ended before")


class TestPermits:
    @pytest.fixture(autouse=True)
    def briefly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(permits, "WAIT_SECONDS", 0.05)

    def test_an_owner_has_some_of_them_and_the_others_the_rest(self) -> None:
        one = permits.Permits()
        with one.permit("a"), one.permit("a"):
            with pytest.raises(Unavailable), one.permit("a"):
                pass
            with one.permit("b"), one.permit("c"), pytest.raises(Unavailable), one.permit("d"):
                pass
        with one.permit("a"):
            pass

    def test_who_waits_is_let_in_when_another_has_ended(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(permits, "WAIT_SECONDS", 60)
        one = permits.Permits()
        with ThreadPoolExecutor() as threads:
            with one.permit("a"), one.permit("a"):
                waiting = threads.submit(self.enter, one, "a")
                while not one._waiting["a"]:
                    time.sleep(0.001)
            waiting.result()

    def test_too_many_who_wait_are_refused_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(permits, "WAIT_SECONDS", 60)
        one = permits.Permits()
        with ThreadPoolExecutor() as threads:
            with one.permit("a"), one.permit("a"):
                waiting = [
                    threads.submit(self.enter, one, "a")
                    for _ in range(permits.WAITING_PER_OWNER_MAX)
                ]
                while one._waiting["a"] < len(waiting):
                    time.sleep(0.001)
                with pytest.raises(RateLimited, match="Too many templates"), one.permit("a"):
                    pass
            for each in waiting:
                each.result()

    def test_nothing_is_kept_of_owners_that_have_ended(self) -> None:
        one = permits.Permits()
        for _ in range(10):
            self.enter(one, uuid4())
        assert not one._running
        assert not one._waiting

    def enter(self, one: permits.Permits, owner: object) -> None:
        with one.permit(owner):
            pass
