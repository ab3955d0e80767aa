"""The parts of an order of requests, and what of it is read from a place on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.models import InputRequest


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an order: the rows that it has, and the columns by which they stand."""

    columns: tuple[InstrumentedAttribute[Any], ...]
    condition: ColumnElement[bool] | None = None
    descends: bool = False

    def has(self, request: InputRequest) -> bool:
        """Return True if a request has a place in the segment."""
        return all(each is not None for each in self.place_of(request))

    def place_of(self, request: InputRequest) -> list[Any]:
        """Return by what a request stands in the segment."""
        return [getattr(request, column.key) for column in self.columns]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of a segment in its order, or in the other direction, all or those after a place.

    What was found by its words or tag `is_found`: then no index is to be used for the order.
    """

    segment: Segment
    after: Sequence[Any] | None
    backwards: bool
    is_found: bool = False

    def of(self, query: Select[Any]) -> Select[Any]:
        """Keep the stretch, in order."""
        segment, columns = self.segment, self._columns
        if segment.condition is not None:
            query = query.where(segment.condition)
        if self.after is not None:
            query = query.where(self._compared(self.after, is_behind=True))
        return query.order_by(*(each.desc() if self._descends else each for each in columns))

    def until(self, place: Sequence[Any]) -> ColumnElement[bool]:
        """Keep what comes up to a place."""
        return self._compared(place, is_behind=False)

    @property
    def _descends(self) -> bool:
        return self.segment.descends is not self.backwards

    @property
    def _columns(self) -> Sequence[Any]:
        columns: Sequence[Any] = self.segment.columns
        return [func.coalesce(each, each) for each in columns] if self.is_found else columns

    def _compared(self, place: Sequence[Any], *, is_behind: bool) -> ColumnElement[bool]:
        types = [each.type for each in self.segment.columns]
        values = tuple_(*(literal(*each) for each in zip(place, types, strict=True)))
        columns = tuple_(*self._columns)
        if not is_behind:
            return columns >= values if self._descends else columns <= values
        return columns < values if self._descends else columns > values
