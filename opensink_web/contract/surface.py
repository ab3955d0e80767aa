"""The two API surfaces: where their routes are mounted, and what else sets them apart."""

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Surface:
    """Routes below `prefix`; every address in one of `areas` gets JSON, also as an error.

    `invalid_status` answers what is not valid in a body, a query or an address.
    """

    name: str
    prefix: str
    areas: tuple[str, ...]
    invalid_status: HTTPStatus

    def owns(self, path: str) -> bool:
        """Return True if an address is the surface's, also one that leads nowhere."""
        return any(path == area or path.startswith(area + "/") for area in self.areas)


API = Surface("api", "/api/v1", ("/api",), HTTPStatus.BAD_REQUEST)
RUNTIME = Surface(
    "runtime",
    "",
    ("/functions", "/executions", "/batches", "/agents", "/chats", "/auth"),
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
SURFACES = (API, RUNTIME)


def surface_of(path: str) -> Surface | None:
    """Return the surface that an address belongs to; None for the pages' own."""
    return next((surface for surface in SURFACES if surface.owns(path)), None)
