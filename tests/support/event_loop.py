"""Running a coroutine to its end in a test."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def run_coroutine(coroutine: Coroutine[None, None, T]) -> T:
    """Run the coroutine in a thread of its own; return its result.

    Not in the test's thread: where a browser test ran before in the same process, Playwright's
    event loop counts as running there until the process ends, and a second one is refused.
    """
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, coroutine).result()  # noqa: TID251 - the one place
