"""Runs a program and says what it needed."""

import json
import subprocess
import sys

# A process inherits the peak of the one that starts it until it runs its own program, so it is started by a small one.
LAUNCHER = """
import json, resource, subprocess, sys, time
started = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
wall = time.monotonic() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
json.dump({"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr[-2000:], "wall": wall,
           "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024}, sys.stdout)
"""


def measured(command, variables, directory):
    """What the command printed, and its seconds of wall and CPU time and its peak of memory in bytes. Ends everything where
    it fails."""
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", LAUNCHER, *command],
        env=variables, cwd=directory, stdout=subprocess.PIPE, text=True, check=True,
    )
    result = json.loads(done.stdout)
    if result["status"] != 0:
        told = (result["stdout"] + result["stderr"])[-2000:]
        raise SystemExit(f"error: `{' '.join(map(str, command))}` exits {result['status']}:\n{told}")
    return result
