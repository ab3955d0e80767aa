"""Every list as somebody may ask for it, and how the database goes about finding what is in it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from html import unescape
from typing import Any, get_args
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from pydantic import AwareDatetime
from sqlalchemy import Connection, text
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.contract.route import Route
from opensink_web.models import Base, db
from opensink_web.web.rendering.listing import _FILTERS
from tests.support.statements import Statement

SMALL = {
    *("users", "workspaces", "memberships", "roles", "membership_roles", "invitations"),
    *("identities", "second_factors", "recovery_codes", "password_resets", "agents", "functions"),
    *("teams", "team_members", "absences", "policies", "policy_revisions", "standing_approvals"),
    *("escalation_chains", "escalation_revisions", "escalation_cursors", "insight_progress"),
    "sinks",
}
"""What people make by hand, and what a workspace has once or twice. All else grows by programs."""
GROWING = {table.name for table in Base.metadata.sorted_tables} - SMALL
COMMON = {("activities", "source"), ("activities", "recorded_by")}
"""Filters of few words, each so common that a page of it is soon found among the newest."""
BOUNDED = (
    *("executions.batch_id = ", "chats.agent_id IN ", "input_requests.id IN (SELECT"),
    *("agent_sessions.id IN (SELECT", "deliveries.id IN (SELECT"),
)
"""What may be sorted whole: a batch is no larger than MAX_BATCH_SIZE, few agents share a name, and
what has a word or a tag is only looked up by it where not even of MORE_STEPS rows many have it.
"""
CURSOR = "A" * 22
COMMON_NAMES = (*_FILTERS, "q", "key", "function", "tag", "session", "trail", "since")
"""Of filters: what is tried where a page goes over all that it is asked by."""
SOME_ID = "019a0000-0000-7000-8000-000000000000"
_EQUALS = re.compile(r"\b(\w+)\.(\w+) = (?:\?|%\(\w+\)s)")
_LINK = re.compile(r'(?:href|hx-get|action)="(/w/[^"]*)"')
_SELECT = re.compile(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', re.DOTALL)
_OPTION = re.compile(r'<option[^>]*value="([^"]+)"')


@dataclass(frozen=True)
class Finding:
    """A statement, and what of its plan would take the longer the more there is."""

    problem: str
    statement: str


def api_addresses(routes: Sequence[Route], places: dict[str, str]) -> Iterator[str]:
    """Give each list of the API, as it is and with each of its filters."""
    for route in routes:
        if not route.reads_only or not set(route.id_names) <= set(places):
            continue
        address = route.address.format_map(places)
        yield address
        fields = route.query.model_fields
        for name, field in fields.items():
            asked = f"{field.alias or name}={_value_of(name, field.annotation)}"
            yield f"{address}?{asked}"
            if "trail" in fields and name != "trail":
                yield f"{address}?{fields['trail'].alias}={CURSOR}&{asked}"


class _Query(ImmutableMultiDict[str, str]):
    """What stands behind the `?` of an address; notes each name that is looked up in it."""

    looked_up: set[str]

    def __getitem__(self, key: str) -> str:
        self.looked_up.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.looked_up.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, *how: Any, **more: Any) -> Any:
        self.looked_up.add(key)
        return super().get(key, *how, **more)

    def getlist(self, key: str, *how: Any, **more: Any) -> Any:
        self.looked_up.add(key)
        return super().getlist(key, *how, **more)

    def __iter__(self) -> Iterator[str]:
        self.looked_up.update(COMMON_NAMES)
        return super().__iter__()

    def items(self, multi: bool = False) -> Any:
        self.looked_up.update(COMMON_NAMES)
        return super().items(multi)

    def lists(self) -> Any:
        self.looked_up.update(COMMON_NAMES)
        return super().lists()

    def to_dict(self, flat: Any = True) -> Any:
        self.looked_up.update(COMMON_NAMES)
        return super().to_dict(flat)


@contextmanager
def names_looked_up(app: Flask) -> Iterator[set[str]]:
    """Collect the names that are looked up in queries: no other can change what a page finds."""
    names: set[str] = set()
    before = app.request_class

    class NotingRequest(before):  # type: ignore[misc, valid-type]
        @cached_property
        def args(self) -> _Query:
            query = _Query(super().args)
            query.looked_up = names
            return query

    app.request_class = NotingRequest
    try:
        yield names
    finally:
        app.request_class = before


def page_addresses(app: Flask, client: FlaskClient, places: dict[str, str]) -> Iterator[str]:
    """Give each page of the workspace, and each filter that it offers.

    Each page is asked for once before the address comes, to see what it offers.
    """
    for address, page in _pages(app, client, places):
        yield address
        yield from _offered(address, page.text)


def visited(app: Flask, client: FlaskClient, places: dict[str, str]) -> Iterator[str]:
    """Ask for each page of the workspace, with each filter that it offers or looks for.

    Gives the addresses of those that answered. What it offers no value for is given one that
    nothing has.
    """
    with names_looked_up(app) as names:
        for address, page in _pages(app, client, places):
            if page.status_code == 200:
                yield address
            looked_up = sorted(names)
            asked = [
                f"{address}?{name}={CURSOR if name == 'trail' else SOME_ID}" for name in looked_up
            ]
            if "target" in looked_up:
                asked.append(f"{address}?target={places['namespace']}/{places['name']}")
            for each in dict.fromkeys([*_offered(address, page.text), *asked]):
                answer = client.get(each)
                answer.get_data()  # an export is written while it is read
                if answer.status_code == 200:
                    yield each
            names.clear()


def _pages(
    app: Flask, client: FlaskClient, places: dict[str, str]
) -> Iterator[tuple[str, TestResponse]]:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        names = set(rule.arguments)
        if "GET" not in (rule.methods or set()) or not rule.rule.startswith("/w/"):
            continue
        values: dict[str, Any] = {name: places[name] for name in names if name in places}
        if set(values) != names:
            continue
        typed = {name: _typed(value) for name, value in values.items()}
        address = adapter.build(rule.endpoint, typed)
        yield address, client.get(address)


def _offered(address: str, html: str) -> Iterator[str]:
    for link in _LINK.findall(html):
        if link.split("?")[0] == address and "?" in link:
            yield unescape(link)
    for name, options in _SELECT.findall(html):
        for value in _OPTION.findall(options)[:2]:
            yield f"{address}?{name}={unescape(value)}"


def _typed(value: str) -> Any:
    try:
        return UUID(value)
    except ValueError:
        return value


def _value_of(name: str, annotation: Any) -> str:
    if name in {"trail", "cursor"}:
        return CURSOR
    types = [annotation, *get_args(annotation)]
    types += [inner for each in types for inner in get_args(each)]
    for each in types:
        if each is UUID:
            return SOME_ID
        if each is bool:
            return "true"
        if each is int:
            return "1"
        if each in {datetime, AwareDatetime}:
            return f"{clock.now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
        if isinstance(each, type) and issubclass(each, StrEnum):
            return next(iter(each)).value
    known = {"function_name": "tests/work", "time_zone": "UTC", "trace_id": "a" * 32}
    return known.get(name, "x")


def findings(said: Sequence[Statement]) -> Iterator[Finding]:
    """Look at the plan of each SELECT; the same words are looked at once."""
    different = {each.text: each for each in said if each.verb in {"SELECT", "WITH"}}
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # a table as empty as a test's is scanned, whatever there is to look it up by
            connection.execute(text("SET enable_seqscan = off"))
        look = _on_postgresql if connection.dialect.name == "postgresql" else _on_sqlite
        for each in different.values():
            for problem in look(connection, each):
                yield Finding(problem, each.text)


def _on_postgresql(connection: Connection, said: Statement) -> Iterator[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN {said.text}", said.values)
    for (line,) in rows:
        found = re.search(r"Seq Scan on (\w+)", line)
        if found and found[1] in GROWING:
            yield line.strip()


def _on_sqlite(connection: Connection, said: Statement) -> Iterator[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said.text}", said.values)
    filters = {(_table(alias), column) for alias, column in _EQUALS.findall(said.text)} - COMMON
    for *_, step in rows:
        if "TEMP B-TREE FOR ORDER BY" in step and _is_part_of_many(said.text):
            yield f"{step}: all is sorted for a part of it"
        found = re.match(r"(SCAN|SEARCH) (\w+)(?: USING.*?\((.*)\))?", step)
        if found is None or _table(found[2]) not in GROWING:
            continue
        table = _table(found[2])
        if found[1] == "SCAN":
            if "ix_batches_open" not in step:  # holds those alone that have not ended
                yield step
            continue
        used = found[3] or ""
        if "id=?" in used.split(" AND "):
            continue
        looked_up = set(re.findall(r"(\w+)[=<>]", used))
        wanted = {column for name, column in filters if name == table}
        if looked_up <= {"workspace_id", "id"} and wanted - looked_up - {"id"}:
            yield f"{step}, though it is asked by {', '.join(sorted(wanted - looked_up))}"


def _is_part_of_many(statement: str) -> bool:
    first = re.search(r"FROM (\w+)", statement)
    is_bounded = any(each in statement for each in BOUNDED)
    return "LIMIT" in statement and not is_bounded and first is not None and first[1] in GROWING


def _table(alias: str) -> str:
    return re.sub(r"_\d+$", "", alias)
