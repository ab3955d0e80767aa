"""What happened to accounts, one line of the log each, without secrets and without what was typed.

The logger is `opensink.audit`; a line is a word for the event and `name="value"` pairs, the values
written as JSON strings, so that nobody can forge a second line.
"""

import json
import logging

_log = logging.getLogger("opensink.audit")


def record(event: str, **facts: object) -> None:
    """Write a line. Call it after the commit: only what is stored has happened."""
    pairs = (f"{name}={json.dumps(str(fact))}" for name, fact in facts.items() if fact is not None)
    _log.info("%s", " ".join((event, *pairs)))
