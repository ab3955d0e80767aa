"""The controls of a form, a module each; every module here is loaded, so that a new one is found.

base      AnswerField: what every control can do; suits() says for which nodes it is
typed     what all share into which something is typed
binding   which control a node becomes
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
