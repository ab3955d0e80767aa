"""The Python client under the name that it had before it became a package of its own.

It is `opensink_client`, in clients/python/, and what is added to it is added there. Here are the
names, and the modules, by which programs import it already: the same objects.
"""

from opensink_client import *  # noqa: F403
from opensink_client import __all__ as __all__
