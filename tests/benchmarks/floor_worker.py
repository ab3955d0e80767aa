"""The floor: BLPOP a name, POST it, nothing else.

python -m tests.benchmarks.floor_worker REDIS_URL ENDPOINT_URL
"""

import sys

import requests
from redis import Redis


def main(redis_url: str, url: str) -> None:
    connection = Redis.from_url(redis_url, decode_responses=True)
    session = requests.Session()
    session.trust_env = False
    body = b'{"session_id":"x","request_id":"x"}'
    while True:
        _, name = connection.blpop(["floor"]) or ("", "")
        session.post(url, data=body, headers={"X-OpenSink-Request-Id": str(name)}, timeout=10)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
