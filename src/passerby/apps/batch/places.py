"""Where sources and finished files lie: what a driver asks of a disk, or of a store elsewhere."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ...core.errors import OutputError, PasserbyError
from ...jobs.output import SUFFIX, answered
from ...media import sha256


class Places(Protocol):
    """Looks, and removes; the work itself is done by others."""

    def seen(self, place: str) -> str:
        """What a file looks like from outside; empty where there is none."""
        ...

    def sha256(self, place: str) -> str:
        """Of its bytes; empty where it can't be read."""
        ...

    def full(self, place: str) -> str:
        """The same place, from wherever somebody looks."""
        ...

    def remove(self, place: str) -> None: ...

    def put(self, made: Path, place: str) -> None:
        """Give a finished file its place, whole or not at all."""
        ...


class Disk:
    """Files of this machine."""

    def seen(self, place: str) -> str:
        try:
            found = Path(place).stat()
        except OSError:
            return ""
        return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"

    def sha256(self, place: str) -> str:
        try:
            return sha256(Path(place))
        except (OSError, PasserbyError):
            return ""

    def full(self, place: str) -> str:
        return str(Path(place).absolute())

    def remove(self, place: str) -> None:
        with answered(Path(place)):
            Path(place).unlink(missing_ok=True)

    def put(self, made: Path, place: str) -> None:
        target = Path(place)
        with answered(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                made.replace(target)
            except OSError as error:
                if error.errno != errno.EXDEV:  # another disk
                    raise
                _carried(made, target)
            try:
                _synced(target.parent)
            except OSError:  # the name may be gone after a power cut
                target.unlink()
                raise
        with suppress(OSError):  # the folder in which it was made
            made.parent.rmdir()


def below(folder: Path, name: str) -> Path:
    """The path of `name` in `folder`; OutputError where it would lie elsewhere."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise OutputError("leads out of the folder to write to", path=path)
    return path


def _carried(made: Path, target: Path) -> None:
    """Over to another disk, by a partial file there."""
    partial = target.with_name(target.name + SUFFIX)
    try:
        shutil.copy2(made, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    made.unlink()


def _synced(folder: Path) -> None:
    """The names in a folder, onto the disk, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some shares know no such thing
            raise
    finally:
        os.close(descriptor)
