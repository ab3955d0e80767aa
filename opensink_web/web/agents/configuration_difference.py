"""What one version of a configuration says otherwise than another, for people; no secret of either.

The values are told of field by field, as what was changed of a proposal is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import AgentConfiguration
from opensink_web.operations.accounts.disclosure import shown_configuration
from opensink_web.operations.agents.configuration_queries import version_before
from opensink_web.schema.described import described, members
from opensink_web.schema.edits import Proposal
from opensink_web.schema.part_checker import PartChecker
from opensink_web.schema.secrets import secrets_of
from opensink_web.schema.subschemas import Path
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import FieldNode
from opensink_web.web.rendering.schema_changes import CHANGES_MAX, FieldChange, schema_changes
from opensink_web.web.rendering.stored_answer import Fact, stored_answer

_TITLES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """The fields of a version, marked where they are other; and what its schema says otherwise."""

    facts: tuple[Fact, ...]
    titles: tuple[str, ...]
    schema: tuple[FieldChange, ...]
    left_out: int
    has_secrets: bool

    @property
    def is_none(self) -> bool:
        return not (self.titles or self.schema)

    @property
    def in_words(self) -> str:
        """Name what is other: `Model, Limit and 2 more; the schema`."""
        shown = ", ".join(self.titles[:_TITLES_SHOWN])
        more = len(self.titles) - _TITLES_SHOWN
        words = [shown + (f" and {more} more" if more > 0 else "")] if shown else []
        if self.schema:
            words.append("the schema")
        nothing = "Nothing but perhaps secrets" if self.has_secrets else "Nothing"
        return "; ".join(words) or nothing


@dataclass(frozen=True, slots=True)
class Row:
    """A version in a list, and what it changed of the one before."""

    configuration: AgentConfiguration
    words: str


def facts_of(configuration: AgentConfiguration) -> tuple[Fact, ...]:
    """Return the fields of a version."""
    if not configuration.value:
        return ()
    return stored_answer(configuration.schema, configuration.value).facts


def fields_of(configuration: AgentConfiguration) -> dict[Path, Fact]:
    """Return the fields of a version by where they are, those of objects in it one by one, with
    the names of those in front; what is secret as a whole has the place ().
    """
    checker = PartChecker(configuration.schema)

    def fields(
        node: FieldNode | None, value: JSONObject, facts: tuple[Fact, ...], at: Path, around: str
    ) -> Iterator[tuple[Path, Fact]]:
        shape = described(node, value, lambda each, part: checker.fits(each.schema, part))
        known = [*members(shape, value)]
        if len(known) != len(facts):
            yield from ((at, fact) for fact in facts[:1])
            return
        for (key, _, child), fact in zip(known, facts, strict=True):
            inner, title = value.get(key), _inside(around, fact.title or key)
            if isinstance(inner, dict) and fact.parts:
                yield from fields(child, inner, fact.parts, (*at, key), title)
            else:
                yield (*at, key), replace(fact, title=title)

    root = field_tree(configuration.schema)
    return dict(fields(root, configuration.value, facts_of(configuration), (), ""))


def difference(after: AgentConfiguration, before: AgentConfiguration) -> Difference:
    """Compare two versions. Raises: UnreadableSecret.

    Secrets are not compared: who stores a guess would learn by that whether it is right.
    """
    schema_after, value = shown_configuration(after)
    schema_before, was = shown_configuration(before)
    # what either of them calls secret is shown of neither
    now, then = secrets_of(before.schema).hide(value), secrets_of(after.schema).hide(was)
    facts: tuple[Fact, ...] = ()
    if isinstance(now, dict) and isinstance(then, dict) and {**now, **then}:
        edited = Proposal(then, is_exact=True, schema=after.schema).changed_in(now)
        facts = stored_answer(after.schema, now, then, edited).facts
    changes = tuple(schema_changes(schema_before, schema_after))
    return Difference(
        facts,
        tuple(_changed_titles(facts)),
        changes[:CHANGES_MAX],
        max(0, len(changes) - CHANGES_MAX),
        has_secrets=(now, then) != (after.value, before.value),
    )


def rows_of(configurations: Iterable[AgentConfiguration]) -> list[Row]:
    """Say of each version, newest first, what it changed of the one before."""
    rows = []
    listed = list(configurations)
    for number, configuration in enumerate(listed):
        following = listed[number + 1] if number + 1 < len(listed) else None
        before = following or version_before(configuration)
        rows.append(Row(configuration, _words(configuration, before)))
    return rows


def _words(configuration: AgentConfiguration, before: AgentConfiguration | None) -> str:
    if before is None:
        return "The first version"
    try:
        return difference(configuration, before).in_words
    except UnreadableSecret:
        return "Cannot be read: its key is missing"


def _changed_titles(facts: Iterable[Fact], around: str = "") -> Iterator[str]:
    for fact in facts:
        title = _inside(around, fact.title)
        if fact.change is not None:
            yield title or "Everything"
        else:
            yield from _changed_titles(fact.parts, title)


def _inside(around: str, title: str) -> str:
    """Name a field by those that it is in: `Limits: A day`."""
    return ": ".join(filter(None, [around, title]))
