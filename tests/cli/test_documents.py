"""The samples in README and docs/ work as they are pasted, page after page, as a reader does it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from shutil import which

import pytest
import requests

from tests.support.documents import PASTED, Block, blocks, pages
from tests.support.opensink_up import free_port
from tests.support.terminal import Terminal, terminal_beside_server

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]


def samples(page: Path) -> list[Block]:
    return [each for each in blocks(page) if each.language in PASTED and not each.is_fragment]


PAGES_WITH_SAMPLES = [page for page in pages() if samples(page)]


PORTS = {"8001": free_port(), "8002": free_port()}
"""Where the samples' programs listen, by what the pages say."""
NODE = "The samples for Node need it: install Node 20 or newer (on Debian: apt-get install nodejs)."


@contextmanager
def programs_of(page: Path, terminal: Terminal) -> Iterator[None]:
    """Start the samples that keep running, each in a terminal of its own."""
    running = []
    for block in samples(page):
        if block.note == "keeps running":
            file = terminal.folder / f"{page.stem}.py"
            file.write_text(at_our_ports(block.text))
            port = next(PORTS[port] for port in PORTS if port in block.text)
            command, environment = [sys.executable, str(file)], terminal.environment()
            running.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
            terminal.opensink.wait_until(partial(is_listening, port))
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def at_our_ports(text: str) -> str:
    for said, port in PORTS.items():
        text = text.replace(said, str(port))
    return text


def is_listening(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}", timeout=100).status_code > 0
    except requests.ConnectionError:
        return False


def script_of(page: Path, terminal: Terminal) -> str:
    parts = []
    for block in samples(page):
        text = block.text.replace("http://127.0.0.1:7465", terminal.url)
        text = at_our_ports(text.replace(".venv/bin/", ""))
        if block.language == "python":
            text = f"python - <<'PYTHON'\n{text}PYTHON\n"
        if block.language == "mjs":
            assert which("node"), NODE
            text = f"node --input-type=module - <<'NODE'\n{text}NODE\n"
        if block.note != "keeps running":
            parts.append(f"echo '--- {block.place}' >&2\n{text}")
    return "".join(parts)


def run_page(page: Path, terminal: Terminal, running: ExitStack) -> None:
    """Do what a page says; its programs are left running, as pages that follow may use them."""
    times = sum(block.note == "somebody answers" for block in samples(page))
    person = terminal.answer_soon({"approved": True}, times=times) if times else None
    running.enter_context(programs_of(page, terminal))
    out = terminal.paste(script_of(page, terminal), DATA_DIR=str(terminal.opensink.data_dir))
    if person is not None:
        person.join()
    assert out, page


# one test, because each page goes on from what the pages before it have made
def test_every_sample_works_as_it_is_pasted(tmp_path: Path) -> None:
    with (
        terminal_beside_server(tmp_path / "var", tmp_path) as terminal,
        ExitStack() as running,
    ):
        for page in PAGES_WITH_SAMPLES:
            run_page(page, terminal, running)
        assert sum(len(samples(page)) for page in PAGES_WITH_SAMPLES) >= 30
        answered = terminal.call("GET", "api/v1/agent-session-input-requests?status=resolved")
        assert [each["response"] for each in answered["items"] if each["kind"] == "input"]
        executed = terminal.call("GET", "executions?function_name=images/resize&status=completed")
        assert {"url": "https://example.com/b.png", "width": 800} in [
            each["output_data"] for each in executed
        ]
