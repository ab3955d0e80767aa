"""A function whose package takes its process along."""

import os

os._exit(4)
