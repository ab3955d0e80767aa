"""A function whose package starts a thread that holds a lock, as clients of services do."""

import os
import threading
from typing import Any

LOCK = threading.Lock()


def _work() -> None:
    with LOCK:
        threading.Event().wait()


threading.Thread(target=_work, daemon=True).start()


def handler(input_data: dict[str, Any], _: object) -> Any:
    imported_here = any(each.name.startswith("Thread-") for each in threading.enumerate())
    return {"imported_here": imported_here, "host_id": os.getppid(), **input_data}
