"""The trees of the schemas that were used last, by the text of the schema.

An agent sends the same schema again and again, and its tree takes half the time of its form.
A tree learns while it is used, since what is below a node is made when it is looked at: so those in
use are weighed again each time, and one that has grown heavy is given up for a new one.
"""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from threading import Lock

from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.node import FieldNode

MAX_WEIGHT = 32_000_000
"""Of all trees together, about in bytes of memory; one alone may have a quarter."""
_IN_USE = 32
"""At least so many of those that were asked for last are taken to be in use."""
_BYTES_OF_NODE = 2_000
_BYTES_OF_CHARACTER = 20


@dataclass(slots=True)
class _Kept:
    root: FieldNode
    document: Document
    weight: int = 0


class KeptTrees:
    """Trees that threads share: what was used last, as many as the limit allows."""

    def __init__(self, max_weight: int = MAX_WEIGHT) -> None:
        self._max_weight = max_weight
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # what was used last is at the end
        self._weight = 0
        self._lock = Lock()

    def get(self, text: str) -> FieldNode | None:
        """Return the tree of a schema, None where there is none."""
        with self._lock:
            kept = self._kept.get(text)
            if kept is not None:
                self._kept.move_to_end(text)
            self._evict()
            return kept.root if kept is not None and text in self._kept else None

    def put(self, text: str, root: FieldNode, document: Document) -> None:
        """Keep the tree of a schema."""
        with self._lock:
            self._forget(text)
            self._kept[text] = _Kept(root, document)
            self._evict()

    def _evict(self) -> None:
        for text in list(islice(reversed(self._kept), _IN_USE)):
            kept = self._kept[text]
            weight = len(text) * _BYTES_OF_CHARACTER + kept.document.count_of_made * _BYTES_OF_NODE
            self._weight += weight - kept.weight
            kept.weight = weight
            if weight > self._max_weight // 4:
                self._forget(text)
        while self._weight > self._max_weight:
            self._forget(next(iter(self._kept)))

    def _forget(self, text: str) -> None:
        kept = self._kept.pop(text, None)
        if kept is not None:
            self._weight -= kept.weight


kept_trees = KeptTrees()
