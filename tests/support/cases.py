"""One test over many small cases, where a test for each would cost more than the case itself."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

Case = TypeVar("Case")


def for_each(cases: Iterable[Case], check: Callable[[Case], object]) -> None:
    """Check every case, and fail with all that failed, each with its name and reason.

    Raises: BaseExceptionGroup.
    """
    failed: list[BaseException] = []
    for case in cases:
        try:
            check(case)
        except (Exception, pytest.fail.Exception) as error:
            error.add_note(f"The case: {case!r:.300}")
            failed.append(error)
    if failed:
        raise BaseExceptionGroup(f"{len(failed)} cases failed", failed)
