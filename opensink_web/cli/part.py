"""The application of a part of the server: of `opensink web`, `worker` and `sweeper`."""

from collections.abc import Callable

from flask import Flask

from opensink_web.cli.loading import keep_what_is_loaded
from opensink_web.isolation.limits import set_readable
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import check_data_dir, check_redis
from opensink_web.supervisor.installation import check_installed, check_keys_are_named


def part_application(settings: Settings, make: Callable[[Settings], Flask]) -> Flask:
    """Check what the part needs, unless the supervisor has: then it waits for what is away."""
    set_readable(False)
    if settings.supervised:
        application = make(settings)
    else:
        # here, because Alembic makes every process of `opensink up` start a tenth of a second later
        from opensink_web.cli.application import ready_application

        if settings.embeds_redis:
            check_installed(settings)
        check_redis(settings)
        check_keys_are_named(settings)
        if not settings.uses_sqlite:
            check_data_dir(settings)
        application = ready_application(settings, make)
    keep_what_is_loaded()
    return application
