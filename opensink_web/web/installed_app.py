"""What makes an app of the pages: the service worker, which is told of what is pushed.

Its manifest is a file (static/app.webmanifest), whose addresses are relative, for an installation
may live below a path. The worker must stand above all pages for its scope to be all of them.
"""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from opensink_web.web.access import public
from opensink_web.web.rendering.assets import content_of

blueprint = Blueprint("installed_app", __name__)


@blueprint.get("/service-worker.js")
@public
def service_worker() -> ResponseReturnValue:
    """Send the script; browsers keep it themselves, and look for another version once a day."""
    return Response(content_of("service-worker.js"), mimetype="text/javascript")
