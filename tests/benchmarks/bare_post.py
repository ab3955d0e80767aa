"""The floor of a batch: an RQ job that makes one POST, and RQ's own worker to run it.

python -m tests.benchmarks.bare_post REDIS_URL
"""

import sys

import requests
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

_session = requests.Session()
_session.trust_env = False
_session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
_HEADERS = {
    "Content-Type": "application/json",
    "Authorization": "Bearer " + "x" * 480,
    "X-OpenSink-Execution-Id": "00000000-0000-0000-0000-000000000000",
    "X-OpenSink-Secret": "x" * 43,
    "webhook-id": "00000000-0000-0000-0000-000000000000",
    "webhook-timestamp": "0000000000",
    "webhook-signature": "v1," + "x" * 44,
}
_BODY = b'{"input": {"n": 1}, "context": {"access_token": "' + b"x" * 480 + b'"}}'


def post(url: str, name: str) -> None:
    """Make the call that a no-op function is called with."""
    _session.post(url, data=_BODY, headers=_HEADERS | {"X-OpenSink-Request-Id": name}, timeout=10)


if __name__ == "__main__":
    connection = Redis.from_url(sys.argv[1])
    queue = Queue("bare", connection=connection, serializer=JSONSerializer)
    SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(
        logging_level="WARNING"
    )
