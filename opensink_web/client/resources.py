"""`opensink_client.resources` under the name that it had before."""

from opensink_client.resources import *  # noqa: F403
