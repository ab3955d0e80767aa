"""Patterns of permissions, and what they cover. Pure; what the patterns are held for is elsewhere.

    <service>.<resource>[/<path>].<action>:<own|all>

as in `sinas.functions/billing/charge.execute:own`. `all` grants `own`. A `*` stands for one
segment; as the last one it stands for all that follows, so that `sinas.*:all` is everything of a
service, `sinas.functions.*:all` everything that is done with functions, and
`sinas.functions/billing/*:own` everything that is done with those below one path.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from opensink_web.errors import InvalidInput

LENGTH_MAX = 600
"""A namespace and a name of 255 characters each, and some."""
ANY = "*"
_SEGMENT = r"([A-Za-z0-9_-]+|\*)"
_GROUP = rf"\.{_SEGMENT}(/{_SEGMENT})*"
PATTERN = rf"^[A-Za-z0-9_-]+({_GROUP})*(\.\*|{_GROUP}/\*|{_GROUP}\.{_SEGMENT}):(own|all)$"
"""What a pattern looks like, for documents; read_pattern() says what is wrong with one."""
_BODY = re.compile(rf"[A-Za-z0-9_-]+({_GROUP})+")
_STEP = re.compile(r"([./]?)([^./]+)")


class Reach(StrEnum):
    """Whose things somebody may do something with."""

    OWN = "own"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that was read: (separator, segment) after (separator, segment)."""

    steps: tuple[tuple[str, str], ...]
    reach: Reach

    def __str__(self) -> str:
        return f"{''.join(map(''.join, self.steps))}:{self.reach}"

    @property
    def service(self) -> str:
        return self.steps[0][1]

    @property
    def resource(self) -> str:
        return self.steps[1][1]

    @property
    def action(self) -> str:
        """The last segment; `*` may stand for more than an action."""
        return self.steps[-1][1]

    @property
    def names_its_path(self) -> bool:
        """Return True if it is for what is done with one thing alone, such as a named function."""
        is_below_a_path = len(self.steps) > 3 and self.steps[-1][0] == "."
        return is_below_a_path and all(segment != ANY for _, segment in self.steps[:-1])

    def covers(self, other: "Pattern") -> bool:
        """Return True if whoever holds this one holds all that the other one stands for."""
        if self.reach is Reach.OWN and other.reach is Reach.ALL:
            return False
        return _covers(self.steps, other.steps)


def read_pattern(text: str) -> Pattern:
    """Read a pattern. Raises: InvalidInput, saying what is wrong with it."""
    pattern = read_asked(text)
    has_action = pattern.steps[-1][0] == "." and len(pattern.steps) > 2
    if not has_action and pattern.action != ANY:
        raise InvalidInput("This has no action: write <service>.<resource>.<action>.")
    return pattern


@lru_cache(maxsize=4096)
def read_asked(text: str) -> Pattern:
    """Read a permission that somebody asks about, which may have no action: `sinas.admin:all`.

    Nobody is given such a one by its name, but a pattern that ends with `*` grants it. Raises:
    InvalidInput, saying what is wrong with it.
    """
    if len(text) > LENGTH_MAX:
        raise InvalidInput(f"This is longer than {LENGTH_MAX} characters.")
    body, _, reach = text.rpartition(":")
    if reach not in {*Reach}:
        raise InvalidInput("This must end with :own or :all.")
    if not _BODY.fullmatch(body):
        raise InvalidInput(
            "Between dots and slashes there can be letters, digits, _ and -, or a single *; the "
            "first part is the name of a service, such as sinas."
        )
    return Pattern(tuple(_STEP.findall(body)), Reach(reach))


def reach_of(held: Iterable[Pattern], permission: str) -> Reach | None:
    """Return how far a permission is held, which is written without `:own` or `:all`.

    Raises: InvalidInput for what is no permission.
    """
    pattern = read_pattern(f"{permission}:{Reach.OWN}")
    reaches = {each.reach for each in held if each.covers(pattern)}
    if Reach.ALL in reaches:
        return Reach.ALL
    return Reach.OWN if reaches else None


def _covers(mine: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]) -> bool:
    for index, (separator, segment) in enumerate(mine):
        if index >= len(other):
            return False
        is_last = index == len(mine) - 1
        if segment == ANY and is_last:
            # after a point it stands for a path and an action too, after a slash for what is below
            return separator == "." or other[index][0] == separator
        # a `*` at the end there stands for all that follows
        ends_open = other[index][1] == ANY and index == len(other) - 1
        if other[index][0] != separator or ends_open:
            return False
        if segment not in {ANY, other[index][1]}:
            return False
    return len(mine) == len(other)
