"""What tests of operations share: a clock that stands still until the test moves it on."""

from datetime import UTC, datetime, timedelta

import pytest

from opensink_web import clock


class Moment:
    """The clock, moved on by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Moment:
    moment = Moment()
    monkeypatch.setattr(clock, "now", lambda: moment.now)
    return moment
