"""The cast's keys, as the API's own tests have them."""

from tests.api.conftest import alice, apis

__all__ = ["alice", "apis"]
