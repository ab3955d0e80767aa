"""The group of a callback: those to one host share it, so a host that hangs delays no other."""

from functools import lru_cache
from urllib.parse import urlsplit
from uuid import NAMESPACE_DNS, UUID, uuid5


@lru_cache(maxsize=256)
def group_of_url(url: str) -> UUID:
    """Return the concurrency group of the host that a URL names."""
    return uuid5(NAMESPACE_DNS, urlsplit(url).netloc.lower())
