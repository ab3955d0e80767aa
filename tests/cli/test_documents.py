"""The samples in README and docs/ work as they are pasted, page after page, as a reader does it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.documents import PASTED, ROOT, Block, blocks, pages
from tests.support.opensink_up import free_port
from tests.support.terminal import Terminal, terminal_beside_server

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]


def samples(page: Path) -> list[Block]:
    return [each for each in blocks(page) if each.language in PASTED and not each.is_fragment]


PAGES_WITH_SAMPLES = [page for page in pages() if samples(page)]


@contextmanager
def programs_of(page: Path, terminal: Terminal, port: int) -> Iterator[None]:
    """Start the samples that keep running, each in a terminal of its own."""
    running = []
    for block in samples(page):
        if block.note == "keeps running":
            file = terminal.folder / f"{page.stem}.py"
            file.write_text(block.text.replace("8001", str(port)))
            running.append(subprocess.Popen([sys.executable, str(file)], stderr=subprocess.DEVNULL))
            terminal.opensink.wait_until(lambda: is_listening(port))
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def is_listening(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}", timeout=100).status_code > 0
    except requests.ConnectionError:
        return False


def script_of(page: Path, terminal: Terminal, port: int) -> str:
    parts = []
    for block in samples(page):
        text = block.text.replace("http://127.0.0.1:7465", terminal.url)
        text = text.replace(".venv/bin/", "").replace("127.0.0.1:8001", f"127.0.0.1:{port}")
        if block.language == "python":
            text = f"python - <<'PYTHON'\n{text}PYTHON\n"
        if block.note != "keeps running":
            parts.append(f"echo '--- {block.place}' >&2\n{text}")
    return "".join(parts)


def run_page(page: Path, terminal: Terminal, port: int) -> None:
    times = sum(block.note == "somebody answers" for block in samples(page))
    person = terminal.answer_soon({"approved": True}, times=times) if times else None
    out = terminal.paste(script_of(page, terminal, port), DATA_DIR=str(terminal.opensink.data_dir))
    if person is not None:
        person.join()
    assert out, page


# one test, because each page goes on from what the pages before it have made
def test_every_sample_works_as_it_is_pasted(tmp_path: Path) -> None:
    functions, port = ROOT / "docs/functions.md", free_port()
    with (
        terminal_beside_server(tmp_path / "var", tmp_path) as terminal,
        programs_of(functions, terminal, port),
    ):
        for page in PAGES_WITH_SAMPLES:
            run_page(page, terminal, port)
        assert sum(len(samples(page)) for page in PAGES_WITH_SAMPLES) >= 30
        answered = terminal.call("GET", "api/v1/agent-session-input-requests?status=resolved")
        assert [each["response"] for each in answered["items"] if each["kind"] == "input"]
        executed = terminal.call("GET", "executions?function_name=images/resize&status=completed")
        assert {"url": "https://example.com/b.png", "width": 800} in [
            each["output_data"] for each in executed
        ]
