"""`opensink_client.calls` under the name that it had before."""

from opensink_client.calls import *  # noqa: F403
