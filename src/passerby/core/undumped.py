"""Raw frames live in memory only: this process leaves no core dump."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def no_dumps() -> bool:
    """Forbid core dumps of this process. False where the system offers no way."""
    try:
        import resource
    except ImportError:
        return False
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if sys.platform == "linux":
        # A pipe to a collector of crashes may ignore the limit; it does not ignore this.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return True
