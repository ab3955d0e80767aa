"""What a form promises for any schema, held against the corpus; the run ends with the table.

`python -m tests.schema.measure` names every single failure.
"""

from collections.abc import Callable

import pytest

from tests.schema.cases import corpus
from tests.schema.measure import measured

ORIGINS = sorted({case.origin for case in corpus()})


def test_the_corpus_is_broad() -> None:
    assert len(corpus()) >= 600
    assert {"pydantic", "zod", "mcp", "tool", "hand", "real-world", "draft-04"} <= set(ORIGINS)
    assert len({repr(case) for case in corpus()}) == len(corpus())


@pytest.mark.corpus
@pytest.mark.parametrize("origin", ORIGINS)
def test_every_promise_is_kept(origin: str, record_property: Callable[[str, object], None]) -> None:
    tally = measured(case for case in corpus() if case.origin == origin)

    record_property("promises", tally.rows())
    assert not tally.failures, "\n".join(words for _, words in tally.failures)
