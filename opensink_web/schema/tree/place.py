"""Where in an answer a node stands."""

from dataclasses import dataclass, replace

from opensink_web.json_value import JSONValue
from opensink_web.schema.secrets import Secrets
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.titles import title_of_key


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: the key it has there, and the schemas of all that is around it.

    `possible` are the schemas that may apply there in some state of the object around it; none
    where it is always the same. `in_place` are those around it that are about the very same value.
    """

    secrets: Secrets
    key: str = ""
    pointer: str = ""
    title: str = "Answer"
    required: bool = False
    around: frozenset[int] = frozenset()
    possible: tuple[JSONValue, ...] = ()
    in_place: frozenset[int] = frozenset()
    depth: int = 0
    is_recursive: bool = False

    @property
    def is_root(self) -> bool:
        """Return True for the answer itself, which is always an object."""
        return not self.depth

    def at_key(self, key: str, *, required: bool, possible: tuple[JSONValue, ...] = ()) -> "Place":
        """Return the place of a member of the object that stands here."""
        return replace(
            self,
            secrets=self.secrets.at_key(key),
            key=key,
            pointer=self.pointer + pointer_to((key,)),
            title=title_of_key(key),
            required=required,
            possible=possible,
            in_place=frozenset(),
            depth=self.depth + 1,
            is_recursive=False,
        )

    def at_entry(self, secrets: Secrets, title: str, key: str = "-") -> "Place":
        """Return the place of an entry of the list that stands here."""
        entry = self.at_key(key, required=True)
        return replace(entry, secrets=secrets, key="", title=title)
