"""What routes answered their examples, written so that it is the same at every recording."""

import json
import re
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from opensink_web.contract import example
from opensink_web.contract.example import NOW, example_id, moment_text
from opensink_web.contract.route import Route
from opensink_web.factory import ROUTES
from tests.support.example_cast import Stage

FOLDER = Path(example.__file__).parent / "recorded"
LENGTH_MAX = {"items": 1, "points": 1}
"""How many entries of a list are shown, where it is not three."""
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_SECRETS = {
    re.compile(r"\b(os[a-z]_)[A-Za-z0-9_-]+"): "shown-in-examples-only-and-good-for-nothing",
    re.compile(r"\b(whsec_)[A-Za-z0-9+/=]+"): "c2hvd24gaW4gZXhhbXBsZXMgb25seQ==",
    re.compile(r"\b(eyJ)[\w-]+\.[\w-]+\.[\w-]+"): "hbGciOiJIUzI1NiJ9.e30.c2hvd24",
}
"""What secrets look like, and what is shown after how they begin."""
_SAME = {"bob@example.com": "user_id"}
"""Whom a name in paths means."""


def record(route: Route, answer: Any, stage: Stage, began: datetime) -> None:
    """Keep what a route answered its example."""
    file = FOLDER / f"{route.resource}.json"
    recorded = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    recorded[route.name] = _Writing(route, stage, began).write(answer, "")
    ordered = {each.name: recorded[each.name] for each in ROUTES if each.name in recorded}
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(ordered, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


class _Writing:
    """Writes one answer, with the ids that the document shows for the same things elsewhere."""

    def __init__(self, route: Route, stage: Stage, began: datetime) -> None:
        people = (stage.cast.alice, stage.cast.bob)
        self._names = {str(each.id): _SAME.get(each.email, each.email) for each in people}
        self._names |= {made: name for name, made in stage.names.items()}
        self._began = began
        own = (
            each.id_names[-1]
            for each in ROUTES
            if each.id_names and each.path == f"{route.path}/{{{each.id_names[-1]}}}"
        )
        self._own = next(own, f"{route.resource.removesuffix('s')}_id")

    def write(self, value: Any, key: str, place: str = "") -> Any:
        if isinstance(value, dict):
            return {
                name: self.write(each, name, self._place_of(name, key, place))
                for name, each in value.items()
            }
        if isinstance(value, list):
            shown = value[: LENGTH_MAX.get(key, 3)]
            return [self.write(each, key, f"{place} {at}") for at, each in enumerate(shown)]
        return self._text(value, place) if isinstance(value, str) else value

    def _place_of(self, name: str, key: str, place: str) -> str:
        """Return the name for which an id stands: of an object's own `id`, what holds it."""
        if name != "id":
            return name
        return self._own if key in {"", "items"} else f"{key}_id{place.removeprefix(key)}"

    def _text(self, text: str, place: str) -> str:
        if _MOMENT.match(text):
            minutes = round((datetime.fromisoformat(text) - self._began).total_seconds() / 60)
            return moment_text(NOW + timedelta(minutes=minutes))
        for secret, instead in _SECRETS.items():
            text = secret.sub(partial(_masked, instead), text)
        return _ID.sub(lambda match: example_id(self._names.get(match[0], place)), text)


def _masked(instead: str, secret: re.Match[str]) -> str:
    return (secret[1] + instead)[: len(secret[0])]
