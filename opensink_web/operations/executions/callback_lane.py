"""The lane of a callback: those to one host share it, so that a host that hangs delays no other."""

from functools import lru_cache
from urllib.parse import urlsplit
from uuid import NAMESPACE_DNS, UUID, uuid5


@lru_cache(maxsize=256)
def lane_of_url(url: str) -> UUID:
    """Return the lane of the host that a URL names."""
    return uuid5(NAMESPACE_DNS, urlsplit(url).netloc.lower())
