"""What routes answered their examples, written so that it is the same at every recording."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from opensink_web.contract import example
from opensink_web.contract.example import NOW, example_id, moment_text
from opensink_web.contract.route import Route
from opensink_web.factory import ROUTES

FOLDER = Path(example.__file__).parent / "recorded"
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_SECRETS = {
    re.compile(r"\bwhsec_[A-Za-z0-9+/=]+"): "whsec_c2hvd24gaW4gZXhhbXBsZXMgb25seQ==",
    re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"): "eyJhbGciOiJIUzI1NiJ9.e30.c2hvd24",
}
"""What secrets look like, and what is shown in their place."""


def record(route: Route, answer: Any, names: Mapping[str, str], began: datetime) -> None:
    """Keep what a route answered; `names` are what stood for the names of its example."""
    file = FOLDER / f"{route.resource}.json"
    recorded = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    recorded[route.name] = _Writing(route, names, began).write(answer, "")
    ordered = {each.name: recorded[each.name] for each in ROUTES if each.name in recorded}
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(ordered, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


class _Writing:
    """Writes one answer."""

    def __init__(self, route: Route, names: Mapping[str, str], began: datetime) -> None:
        self._names = {made: name for name, made in names.items()}
        self._began = began
        self._own = next(
            (
                each.id_names[-1]
                for each in ROUTES
                if each.id_names and each.path == f"{route.path}/{{{each.id_names[-1]}}}"
            ),
            f"{route.resource.removesuffix('s')}_id",
        )

    def write(self, value: Any, key: str, place: str = "") -> Any:
        if isinstance(value, dict):
            return {
                name: self.write(each, name, self._place_of(name, key, value, place))
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [
                self.write(each, key, place + str(number or ""))
                for number, each in enumerate(value)
            ]
        return self._text(value, place) if isinstance(value, str) else value

    def _place_of(self, name: str, key: str, around: Mapping[str, Any], place: str) -> str:
        """Return the name for which an id stands."""
        if name != "id":
            return name
        if isinstance(around.get("email"), str):
            return str(around["email"])
        return self._own + place.removeprefix("items") if key in {"", "items"} else key

    def _text(self, text: str, place: str) -> str:
        if text in self._names:
            return str(example.shown(f"{{{self._names[text]}}}"))
        if _MOMENT.match(text):
            minutes = round((datetime.fromisoformat(text) - self._began).total_seconds() / 60)
            return moment_text(NOW + timedelta(minutes=minutes))
        for pattern, instead in _SECRETS.items():
            text = pattern.sub(instead, text)
        return _ID.sub(lambda found: self._id(found[0], place), text)

    def _id(self, made: str, place: str) -> str:
        return example_id(self._names.get(made, place))
