"""A code lets one sign-in through, however many try it at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pyotp
import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.models import User, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.queries import find_setup, second_factor_of
from opensink_web.operations.accounts.second_factor import accept_code, begin_setup, confirm_setup
from tests.conftest import Cast

pytestmark = pytest.mark.server
TABS = 4


@pytest.mark.usefixtures("on_each_database")
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_two_tabs_at_once_one_gets_in(app: Flask, cast: Cast, kind: str) -> None:
    with app.app_context():
        with writing():
            begin_setup(db.session.get_one(User, cast.bob.id))
        with writing():
            bob = db.session.get_one(User, cast.bob.id)
            begun = find_setup(bob)
            assert begun is not None
            codes = pyotp.TOTP(begun.secret)
            recovery_code = confirm_setup(bob, codes.at(clock.now()))[0]
        # the next step's: one of a step before may be too old as it is looked at
        code = codes.at(clock.now(), counter_offset=1) if kind == "app" else recovery_code
    together = Barrier(TABS)

    def enter(_: int) -> bool:
        with app.app_context():
            together.wait(100)
            with writing():
                factor = second_factor_of(db.session.get_one(User, cast.bob.id))
                assert factor is not None
                return accept_code(factor, code)

    with ThreadPoolExecutor(TABS) as tabs:
        assert sorted(tabs.map(enter, range(TABS))) == [False] * (TABS - 1) + [True]
