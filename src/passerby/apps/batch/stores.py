"""Files at addresses: a shared disk, or an object store, as fsspec knows them (`s3://...`).

Needs the extra `passerby[ray]`. A plain path is a file of this machine.
"""

from __future__ import annotations

import hashlib
import posixpath
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from ...core.errors import OutputError, Unreadable, UsageError
from ...jobs.naming import is_media

SUFFIX: Final = ".partial"
BLOCK: Final = 2**20


class Stores:
    """`Places` at addresses of any kind."""

    def seen(self, place: str) -> str:
        try:
            files, path = opened(place)
            if not files.exists(path):
                return ""
            files.invalidate_cache()
            found = files.info(path)
        except OSError:
            return ""
        marks = ("ETag", "etag", "mtime", "LastModified", "created", "ino")
        return ":".join(
            str(found[name]) for name in ("size", *marks) if found.get(name) is not None
        )

    def sha256(self, place: str) -> str:
        digest = hashlib.sha256()
        try:
            files, path = opened(place)
            with files.open(path, "rb") as file:
                while block := file.read(BLOCK):
                    digest.update(block)
        except OSError:
            return ""
        return digest.hexdigest()

    def full(self, place: str) -> str:
        return place if "://" in place else posixpath.abspath(place)

    def remove(self, place: str) -> None:
        files, path = opened(place)
        with _answered(place), suppress(FileNotFoundError):
            files.rm_file(path)

    def put(self, made: Path, place: str) -> None:
        send(made, place)


def opened(place: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it. UsageError where nobody knows its kind."""
    import fsspec

    try:
        files, path = fsspec.core.url_to_fs(place)
    except (ValueError, ImportError) as error:
        kind = place.partition("://")[0]
        raise UsageError(
            f"nothing here reads addresses that begin with {kind}://",
            hint=f"install what fsspec needs for {kind}",
        ) from error
    return files, path


def joined(folder: str, name: str) -> str:
    return posixpath.join(folder.rstrip("/"), name)


def listed(folder: str) -> Iterator[tuple[str, str, int]]:
    """(path below the folder, address, bytes) of every media file in it, by name, or of the one
    that it is; hidden ones are left alone."""
    files, root = opened(folder)
    if not files.exists(root):
        raise UsageError("there is no such file or folder", path=folder)
    found = files.find(root, detail=True)
    for path in sorted(found):
        below = path[len(root) :].lstrip("/")
        name = below or posixpath.basename(path)
        hidden = any(part.startswith(".") for part in name.split("/"))
        if not hidden and is_media(Path(name)):
            address = joined(folder, below) if below else folder
            yield name, address, int(found[path].get("size") or 0)


@contextmanager
def fetched(place: str, scratch: Path) -> Iterator[Path]:
    """A file at an address, on this machine: itself where it lies here, else a copy in `scratch`
    for as long as the block runs."""
    files, path = opened(place)
    if _here(files):
        yield Path(path)
        return
    copy = scratch / Path(path).name
    try:
        try:
            files.get_file(path, str(copy))
        except OSError as error:
            raise Unreadable("can't be fetched", path=place) from error
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def send(made: Path, place: str) -> None:
    """Put a finished file there, whole or not at all.

    Where a file can be seen while it grows it does so under another name; an object store shows
    none before it is whole.
    """
    files, path = opened(place)
    with _answered(place):
        if not _here(files):
            files.put_file(str(made), path)
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + SUFFIX)
        try:
            shutil.copyfile(made, partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def _here(files: Any) -> bool:
    protocol = files.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)


@contextmanager
def _answered(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "the store refused").lower()
        raise OutputError(f"can't be written: {reason}", path=place) from error
