"""Records what every example of the API is answered: `python -m tests.examples [NAME…]`.

It writes opensink_web/contract/recorded/. With names of views it records these alone; without, all
that are answered otherwise than it is recorded.
"""

import os
import sys
from pathlib import Path

import pytest


def main() -> int:
    os.environ["RECORD_EXAMPLES"] = ",".join(sys.argv[1:]) or "changed"
    file = Path(__file__).parent / "api/test_examples.py"
    test = f"{file}::test_an_example_works_and_is_answered_as_the_document_shows"
    return pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", test])


if __name__ == "__main__":
    sys.exit(main())
