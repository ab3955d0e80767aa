"""The trees of the schemas that were used last, by the text of the schema.

An agent sends the same schema again and again, and its tree takes half the time of its form.
A tree learns while it is used, since what is below a node is made when it is looked at: so it is
weighed again each time, and given up for a new one once it has grown heavy.
"""

from collections import OrderedDict
from threading import Lock

from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.node import FieldNode

MAX_WEIGHT = 32_000_000
"""Of all trees together, about in bytes of memory; one alone may have a quarter."""
_BYTES_OF_NODE = 2_000
_BYTES_OF_CHARACTER = 20


class KeptTrees:
    """Trees that threads share: what was used last, as many as the limit allows."""

    def __init__(self, max_weight: int = MAX_WEIGHT) -> None:
        self._max_weight = max_weight
        self._kept: OrderedDict[str, tuple[FieldNode, Document]] = OrderedDict()
        self._lock = Lock()

    def get(self, text: str) -> FieldNode | None:
        """Return the tree of a schema, None where there is none."""
        with self._lock:
            self._evict()
            if text not in self._kept:
                return None
            self._kept.move_to_end(text)
            return self._kept[text][0]

    def put(self, text: str, root: FieldNode, document: Document) -> None:
        """Keep the tree of a schema."""
        with self._lock:
            self._kept[text] = (root, document)
            self._evict()

    def _evict(self) -> None:
        weights = {text: _weight(text, document) for text, (_, document) in self._kept.items()}
        total = sum(weights.values())
        for text, weight in weights.items():
            if total > self._max_weight or weight > self._max_weight // 4:
                del self._kept[text]
                total -= weight


def _weight(text: str, document: Document) -> int:
    return len(text) * _BYTES_OF_CHARACTER + document.count_of_made * _BYTES_OF_NODE


kept_trees = KeptTrees()
