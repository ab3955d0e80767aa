"""Rows that are alike, however many: no statement names them all."""

from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask

from opensink_web.operations.insights import collecting
from tests.conftest import Cast
from tests.operations.insights.test_report import check, count_all, spans
from tests.support.insight_rows import History, plain_requests
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("on_each_database")


def test_no_statement_grows_with_the_rows_that_are_alike(
    app: Flask, history: History, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each has a key of its own, all of them may end as often as the last that is shown."""
    monkeypatch.setattr(collecting, "NAMED_MAX", 1, raising=False)
    count_all()
    with statements(app) as said:
        check(cast, spans())
    names = {each.key for each in plain_requests(cast)}
    assert len(names) > 2
    bound = [set(map(str, _flat(each.values))) for each in said if "durations" in each.text]
    assert bound
    assert not any(len(names & each) > 1 for each in bound)


def _flat(values: Any) -> Iterable[Any]:
    return values.values() if isinstance(values, dict) else values
