"""How several people who have to say the same come to an outcome."""

from enum import StrEnum


class Quorum(StrEnum):
    """Which outcome stands where several people have to answer: the first that has its number.

    An answer needs all `required_responses` and a decline one alone, or either needs more than half
    of them.
    """

    FIRST_DECLINE = "first_decline"
    MAJORITY = "majority"
