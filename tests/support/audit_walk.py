"""Going from deed to deed, and holding what the audit says of each against who did what."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import ActorKind, AuditAction, AuditEntry
from tests.api.conftest import Api
from tests.conftest import Cast, Person
from tests.support.audit import entries_of
from tests.web.conftest import browser_of

Entry = tuple[AuditAction, dict[str, Any]]
"""An action, and what its details have: values, or `...` for any."""


@dataclass(frozen=True)
class By:
    """Who is to have done something, and by what; without a person nobody, or the system."""

    kind: ActorKind
    person: Person | None = None
    key: str | None = None
    is_signed_in: bool = True

    def check(self, entry: AuditEntry, origin: dict[str, str]) -> None:
        """Hold an entry, and where it says it came from, against this."""
        person = self.person
        assert entry.actor is self.kind
        assert entry.user_id == (person and person.id)
        assert (entry.via_id is not None) is (self.is_signed_in and person is not None)
        if self.kind is ActorKind.SYSTEM:
            assert origin == {}
            return
        assert origin.pop("user_agent").startswith("Werkzeug")
        said = {"email": person and person.email, "key": self.key, "address": "127.0.0.1"}
        assert origin == {name: text for name, text in said.items() if text}


SYSTEM, NOBODY = By(ActorKind.SYSTEM), By(ActorKind.NOBODY)


@dataclass
class Walk:
    """A workspace with a program, an admin and a reviewer before their browsers."""

    app: Flask
    cast: Cast
    work: Callable[[], None]
    seen: set[Any] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.agent = Api(self.app, self.cast.alice.headers)
        self.alice: FlaskClient = browser_of(self.app, self.cast.alice)
        self.bob: FlaskClient = browser_of(self.app, self.cast.bob)
        self.by_key = By(ActorKind.API_KEY, self.cast.alice, "tests")
        self.news()

    def key(self, step: str, done: Any, *expected: Entry) -> Any:
        """Have a program with a key do it."""
        return self.step(step, self.by_key, done, *expected)

    def admin(self, step: str, done: Any, *expected: Entry) -> Any:
        """Have Alice do it on a page."""
        return self.step(step, By(ActorKind.PERSON, self.cast.alice), done, *expected)

    def reviewer(self, step: str, done: Any, *expected: Entry) -> Any:
        """Have Bob do it on a page."""
        return self.step(step, By(ActorKind.PERSON, self.cast.bob), done, *expected)

    def step(self, step: str, by: By, done: Any, *expected: Entry, about: str | None = None) -> Any:
        """Hold what was written while it was `done` against what is expected; return what was."""
        status = getattr(done, "status_code", 200)
        assert status < 400, f"{step}: {status}"
        news = self.news(about)
        assert [each.action for each in news] == [action for action, _ in expected], step
        for entry, (_, details) in zip(news, expected, strict=True):
            with self.app.app_context():
                origin = dict(entry.origin[1]) if entry.origin else {}
                said = dict(entry.details[1]) if entry.details else {}
            by.check(entry, origin)
            assert {name: said.get(name) for name in details if details[name] is not ...} == {
                name: value for name, value in details.items() if value is not ...
            }, step
            assert details.keys() <= said.keys(), step
        return done

    def news(self, about: str | None = None) -> list[AuditEntry]:
        """Return what was written since, of one thing alone if that is named."""
        with self.app.app_context():
            entries = [
                each
                for each in entries_of(self.cast.alice.workspace_id)
                if each.id not in self.seen and about in {None, str(each.subject_id)}
            ]
        self.seen |= {each.id for each in entries}
        return entries

    def unseen(self, done: Any) -> Any:
        """Take what was done as known."""
        self.news()
        return done
