"""`opensink_client.transport` under the name that it had before."""

from opensink_client.transport import *  # noqa: F403
