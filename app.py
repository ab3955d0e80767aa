"""The WSGI callable `app`, for a server of your own; `python app.py` is `opensink up`."""

import sys

from opensink_web.cli import main
from opensink_web.factory import create_app

if __name__ == "__main__":
    main(["up", *sys.argv[1:]])
else:
    app = create_app()
