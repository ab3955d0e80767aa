"""The WSGI callable `app`, for a server of your own; `python app.py` is `opensink up`."""

import sys

# each in its branch, because what the other one needs takes half a second to import
if __name__ == "__main__":
    try:
        from opensink_web.cli import main
    except ModuleNotFoundError:
        raise
    except ImportError as error:  # Python is too old
        sys.exit("opensink: %s" % error)  # noqa: UP031 - an older one reads this too

    main(["up", *sys.argv[1:]])
else:
    from flask_migrate import Migrate

    from opensink_web.cli.database import MIGRATIONS
    from opensink_web.factory import create_app
    from opensink_web.models import db

    app = create_app()
    Migrate(app, db, directory=str(MIGRATIONS))  # for `flask db revision --autogenerate`
