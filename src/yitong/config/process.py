"""No process of ours outlives the one that started it, whatever kills that one."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int, sig: signal.Signals = signal.SIGTERM) -> None:
    """The kernel sends us `sig` when `parent`, which must be our parent, dies. Leaves at once if it is dead already."""
    if _libc.prctl(PR_SET_PDEATHSIG, int(sig), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)
