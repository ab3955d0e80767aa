"""Bob's phone, and the two steps of signing in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.models import SecondFactor, User, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.queries import find_setup
from opensink_web.operations.accounts.second_factor import begin_setup, confirm_setup
from tests.conftest import PASSWORD, Person

PAGE = "/account/second-factor"
SECRET = re.compile(r'id="second-factor-secret">([A-Z2-7]+)<')
RECOVERY_CODE = re.compile(r"\b[a-z2-7]{4}(?:-[a-z2-7]{4}){3}\b")
Later = Callable[[float], None]


@dataclass(frozen=True)
class Phone:
    """Bob's authenticator app, and the recovery codes that he keeps."""

    secret: str
    recovery_codes: list[str]

    def code(self, *, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(clock.now(), counter_offset=steps)


def phone_of(app: Flask, person: Person) -> Phone:
    with app.app_context():
        with writing():
            begin_setup(db.session.get_one(User, person.id))
        with writing():
            user = db.session.get_one(User, person.id)
            begun = find_setup(user)
            assert begun is not None
            code = pyotp.TOTP(begun.secret).at(clock.now())
            return Phone(begun.secret, confirm_setup(user, code))


def give_password(client: FlaskClient, person: Person, goal: str = "") -> TestResponse:
    address = f"/sign-in?next={goal}" if goal else "/sign-in"
    return client.post(address, data={"email": person.email, "password": PASSWORD})


def give_code(client: FlaskClient, code: str) -> TestResponse:
    return client.post("/sign-in/code", data={"code": code})


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def is_set_up(app: Flask, user_id: UUID) -> bool:
    with app.app_context(), reading():
        query = select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id)
        return db.session.scalar(query) is not None
