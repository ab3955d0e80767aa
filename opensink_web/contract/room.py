"""The two rooms that speak JSON: where their routes are mounted and what else sets them apart."""

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Room:
    """Routes below `prefix`; every address in one of `areas` is answered in the room's language.

    `invalid_status` answers what is not valid in a body, a query or an address.
    """

    name: str
    prefix: str
    areas: tuple[str, ...]
    invalid_status: HTTPStatus

    def owns(self, path: str) -> bool:
        """Tell whether an address is the room's, also one that leads nowhere."""
        return any(path == area or path.startswith(area + "/") for area in self.areas)


API = Room("api", "/api/v1", ("/api",), HTTPStatus.BAD_REQUEST)
RUNTIME = Room(
    "runtime",
    "",
    ("/functions", "/executions", "/batches", "/agents", "/chats", "/auth"),
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
ROOMS = (API, RUNTIME)


def room_of(path: str) -> Room | None:
    """Return the room that an address belongs to; None for the pages' own."""
    return next((room for room in ROOMS if room.owns(path)), None)
