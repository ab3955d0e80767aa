"""Another process of the same user, which looks for a secret in the memory of those it is told.

Root reads everything, so where tests run as root both sides go without root's capabilities: the
kernel then asks what it asks for any other user.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

SECRET = "this-is-a-key-of-the-server-that-nobody-else-may-read"
_SCRIPT = """
import json, os, sys
secret = sys.argv[1].encode()

def environ(process_id):
    with open(f"/proc/{process_id}/environ", "rb") as file:
        return file.read()

def memory(process_id):
    with open(f"/proc/{process_id}/maps") as maps:
        areas = [line.split() for line in maps]
    descriptor = os.open(f"/proc/{process_id}/mem", os.O_RDONLY)
    for area, rights, *_ in areas:
        start, end = (int(part, 16) for part in area.split("-"))
        if rights.startswith("rw") and end - start < 2**28:
            read = os.pread(descriptor, end - start, start)
            if secret in read:
                return read
    return b""

found = {}
for process_id in sys.argv[2:]:
    found[process_id] = []
    for look in (environ, memory):
        try:
            if secret in look(process_id):
                found[process_id].append(look.__name__)
        except OSError:
            pass
print(json.dumps(found))
"""
_DROPS_CAPABILITIES = """
import ctypes, os, sys
PR_CAPBSET_DROP = 24
for capability in range(64):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # for what is started next
os.execv(sys.argv[1], sys.argv[1:])
"""
WITHOUT_CAPABILITIES = (sys.executable, "-c", _DROPS_CAPABILITIES)
"""Goes before a command."""


def what_a_neighbour_reads(process_ids: Sequence[int]) -> dict[int, set[str]]:
    """Return for each process where the secret was found: in `environ`, in `memory`."""
    command = [*WITHOUT_CAPABILITIES, sys.executable, "-c", _SCRIPT, SECRET]
    done = subprocess.run(
        [*command, *map(str, process_ids)], capture_output=True, text=True, check=True
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return {int(process_id): set(places) for process_id, places in found.items()}
