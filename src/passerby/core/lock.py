"""Locks on files: the system gives them back when a process ends, however it ends."""

from __future__ import annotations


def flocked(descriptor: int) -> bool:
    """Take the lock of an open file for as long as it is open; False where another has it.

    True where there are no such locks: on Windows, and on some file systems.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def taken(descriptor: int) -> bool:
    """The same, on Windows too. There, whoever else has the file open can't read its first byte."""
    try:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows
    except ImportError:
        return flocked(descriptor)
    except OSError:
        return False
    return True
