"""What a form promises for any schema, held against the corpus; the run ends with the table.

`python -m tests.schema.measure` names every single failure.
"""

from collections.abc import Callable

import pytest

from tests.schema.cases import corpus
from tests.schema.measure import Promise, measured

ORIGINS = sorted({case.origin for case in corpus()})
GAPS: dict[str, dict[Promise, int]] = {
    "2019-09": {Promise.NATIVE: 12, Promise.TYPED: 4},
    "draft-04": {Promise.NATIVE: 12, Promise.TYPED: 4},
    "draft-06": {Promise.NATIVE: 12, Promise.TYPED: 4},
    "draft-07": {Promise.NATIVE: 12, Promise.TYPED: 4},
    "hand": {Promise.START: 1, Promise.NATIVE: 190, Promise.TYPED: 121},
    "known": {Promise.NATIVE: 1, Promise.TYPED: 1},
    "mcp": {Promise.NATIVE: 13, Promise.TYPED: 6},
    "pydantic": {Promise.TYPED: 22},
    "real-world": {Promise.NATIVE: 65, Promise.TYPED: 18},
    "test-suite": {Promise.NATIVE: 3, Promise.TYPED: 6},
    "tool": {Promise.NATIVE: 23, Promise.TYPED: 9},
    "zod": {Promise.NATIVE: 173, Promise.TYPED: 74},
}
"""How often a promise is not kept yet: a number here may become smaller, and never larger."""


def test_the_corpus_is_broad() -> None:
    assert len(corpus()) >= 600
    assert {"pydantic", "zod", "mcp", "tool", "hand", "real-world", "draft-04"} <= set(ORIGINS)
    assert len({repr(case) for case in corpus()}) == len(corpus())


@pytest.mark.parametrize("origin", ORIGINS)
def test_every_promise_is_kept(origin: str, record_property: Callable[[str, object], None]) -> None:
    tally = measured(case for case in corpus() if case.origin == origin)

    record_property("promises", tally.rows())
    gaps = GAPS.get(origin, {})
    broken = {promise: tally.broken(promise) for promise in Promise}
    worse = {each: count for each, count in broken.items() if count > gaps.get(each, 0)}
    assert not worse, "\n".join(words for promise, words in tally.failures if promise in worse)
