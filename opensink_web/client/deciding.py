"""`opensink_client.deciding` under the name that it had before."""

from opensink_client.deciding import *  # noqa: F403
