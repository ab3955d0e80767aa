"""The Flask application on a database that was checked first, for commands that use the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from opensink_web.cli.database import check_not_newer, current_revision, is_current
from opensink_web.errors import ConfigurationError
from opensink_web.models import db
from opensink_web.models.transaction import reading
from opensink_web.operations.sealed import check_keys
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import check_data_dir, check_database
from opensink_web.wiring import wired_app


def ready_application(settings: Settings, make: Callable[[Settings], Flask] = wired_app) -> Flask:
    """Return the application, its database reachable and at this version.

    Unless `make` makes another one, it answers no requests.

    Raises: ConfigurationError
    """
    check_data_dir(settings)
    check_database(settings)
    application = make(settings)
    with application.app_context():
        check_not_newer(current_revision())
        if not is_current():
            raise ConfigurationError(
                "The database is not at this version's tables; run `opensink db upgrade`."
            )
        with reading():
            check_keys()
        db.engine.dispose()  # a connection must not be shared with processes forked from this one
    return application


@contextmanager
def in_application(settings: Settings) -> Iterator[None]:
    """Run the block where operations can be called. Raises: ConfigurationError."""
    with ready_application(settings).app_context():
        yield
