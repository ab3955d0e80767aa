"""The asynchronous client has what the other has, and can be cancelled."""

import asyncio
import inspect
from pathlib import Path

import pytest

from opensink_client import AsyncClient, AsyncQuestion, Client, NotFound
from tests.asynchronous_client import MODULES, PACKAGE, written
from tests.clients.python.conftest import SCHEMA
from tests.conftest import Cast
from tests.support.event_loop import run_coroutine


def surface(kind: type) -> dict[str, list[str]]:
    """Return the public methods of a class, and what each takes."""
    return {
        name: [*map(str, inspect.signature(method).parameters.values())]
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def test_both_clients_have_the_same_methods() -> None:
    assert surface(AsyncClient) == surface(Client)
    for name in surface(Client):
        method = getattr(AsyncClient, name)
        is_list = "Iterator" in str(inspect.signature(getattr(Client, name)).return_annotation)
        assert inspect.iscoroutinefunction(method) != is_list, name


@pytest.mark.parametrize("name", MODULES)
def test_what_is_made_of_the_client_is_made_of_it_as_it_is(name: str) -> None:
    made = Path(PACKAGE / "asynchronous" / f"{name}.py").read_text()
    assert made == written(name), "run python -m tests.asynchronous_client"


def test_it_asks_waits_and_lists(base_url: str, cast: Cast) -> None:
    async def ask_and_answer(opensink: AsyncClient, number: int) -> bool:
        question = await opensink.ask(f"Number {number}?", schema=SCHEMA, agent="Async")
        waiting = asyncio.create_task(question.wait_for_answer(timeout_seconds=100))
        await opensink.resolve(question.id, {"approved": number % 2 == 0})
        return bool(((await waiting).value or {})["approved"])

    async def work() -> None:
        async with AsyncClient(base_url, cast.alice.api_key) as opensink:
            said = await asyncio.gather(*(ask_and_answer(opensink, n) for n in range(12)))
            assert said == [n % 2 == 0 for n in range(12)]
            listed = opensink.list_input_requests(**{"status": "resolved", "$limit": "5"})
            titles = {each.title async for each in listed}
            assert titles == {f"Number {n}?" for n in range(12)}
            sessions = [each.status async for each in opensink.list_sessions()]
            assert sessions == ["completed"] * 12
            with pytest.raises(NotFound):
                await opensink.wait_for_answer("x" * 32)

    run_coroutine(work())


def test_who_is_cancelled_waits_no_more(base_url: str, cast: Cast) -> None:
    async def work() -> None:
        async with AsyncClient(base_url, cast.alice.api_key) as opensink:
            question = await opensink.ask("Still there?", schema=SCHEMA)
            assert isinstance(question, AsyncQuestion)
            waiting = [asyncio.create_task(question.wait_for_answer()) for _ in range(8)]
            await asyncio.sleep(0)
            await opensink.me()  # while all of them wait
            for task in waiting:
                task.cancel()
            ended = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(each) for each in ended} == {asyncio.CancelledError}
            with pytest.raises(TimeoutError, match="Nobody answered"):
                await question.wait_for_answer(timeout_seconds=0)
            # lets the server end what it holds
            await opensink.resolve(question.id, {"approved": True})

    run_coroutine(work())
