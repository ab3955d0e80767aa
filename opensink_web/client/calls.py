"""`opensink_client.calls` under the name that it had before, with what has moved from it since."""

from opensink_client.calls import *  # noqa: F403
from opensink_client.executing import FUNCTION_SECONDS_MAX as FUNCTION_SECONDS_MAX
from opensink_client.executing import SLICE as SLICE
from opensink_client.patience import HOLD_SECONDS as WAIT_SECONDS  # noqa: F401
from opensink_client.patience import PAUSE_SECONDS as PAUSE_SECONDS
