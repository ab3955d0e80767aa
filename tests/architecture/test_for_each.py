"""A test over many cases fails with each case that fails, and with no other."""

import pytest

from tests.support.cases import for_each


def test_each_case_that_fails_is_named_with_its_reason() -> None:
    def is_small(number: int) -> None:
        assert number < 2, "too large"

    with pytest.raises(BaseExceptionGroup) as failed:
        for_each(range(4), is_small)
    reasons = [str(each).partition("\n")[0] for each in failed.value.exceptions]
    notes = [each.__notes__ for each in failed.value.exceptions]
    assert reasons == ["too large"] * 2
    assert notes == [["The case: 2"], ["The case: 3"]]


def test_one_that_should_have_raised_fails_too() -> None:
    def raises(_: str) -> None:
        with pytest.raises(ValueError, match="never"):
            pass

    with pytest.raises(BaseExceptionGroup):
        for_each(["x"], raises)
