"""How the asynchronous client makes its calls: each in a thread of its own.

A pool has as many threads as calls may be made at once, so those that wait for people would keep
others from being made; and it keeps a program from ending until the last of them has its response.
"""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from ..calls import Client

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Threaded:
    """Makes the calls of a client without holding up the event loop."""

    _client: Client

    async def _call(
        self,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Return what a call returns; who is cancelled meanwhile waits for it no more."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        context = contextvars.copy_context()

        def settle(method: Callable[[Any], None], value: Any) -> None:
            if not future.done():
                method(value)

        def work() -> None:
            method: Callable[[Any], None] = future.set_result
            value: Any
            try:
                value = context.run(function, *args, **options)
            except BaseException as error:
                method, value = future.set_exception, error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(settle, method, value)

        threading.Thread(target=work, name="opensink-client", daemon=True).start()
        return await future

    async def _each(self, items: Iterator[Result]) -> AsyncIterator[Result]:
        """Yield what an iterator yields that makes calls."""
        while True:
            item = await self._call(next, items, None)
            if item is None:
                return
            yield item
