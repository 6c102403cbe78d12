"""Ties a process to its parent: when the parent dies, even by SIGKILL, the kernel asks the child to end.

Run as a script it does so to itself and then becomes the command it was given, with the same process id:
`python leash.py PARENT_PID COMMAND…`. It imports nothing of ours, so that this takes no time, and works for
commands that know nothing of us. Source: prctl(2), PR_SET_PDEATHSIG; it survives execve(2). Linux only;
elsewhere commands run untied.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie(parent: int) -> None:
    """Let this process get SIGTERM when the thread of `parent` that started it ends; at once if it has."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    tie(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  (the supervisor's own commands)
