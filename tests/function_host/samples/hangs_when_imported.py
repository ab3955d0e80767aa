"""A function whose package waits for something that never comes."""

import time

time.sleep(60)
