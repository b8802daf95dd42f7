"""Outputs appear whole or not at all: a `.partial` beside the final name, renamed at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ..core.errors import OutputError
from ..core.lock import flocked

SUFFIX: Final = ".partial"


def check_free(output: Path, *, inputs: Sequence[Path] = (), force: bool = False) -> None:
    """`OutputError` when `output` is one of `inputs`, exists without `force`, or has no folder."""
    with answered(output):
        for path in inputs:
            if _same(output, path):
                hint = "choose another name"
                raise OutputError("the output is the input", path=output, hint=hint)
        if output.is_dir():
            raise OutputError("the output is a folder", path=output, hint="name a file in it")
        if os.path.lexists(output) and not force:
            hint = "pass --force to replace"
            raise OutputError("the output exists already", path=output, hint=hint)
        if not output.parent.is_dir():
            hint = "create it first"
            raise OutputError("the output's folder does not exist", path=output, hint=hint)


def check_writable(output: Path, *, inputs: Sequence[Path] = (), force: bool = False) -> None:
    """`check_free`, and that its folder takes a file, which is made and removed to see it."""
    check_free(output, inputs=inputs, force=force)
    partial = output.with_name(output.name + SUFFIX)
    os.close(_claimed(partial, inputs))
    with answered(output):
        partial.unlink()


def _same(a: Path, b: Path) -> bool:
    """Also through symbolic links, hard links and other spellings."""
    try:
        return a.samefile(b)
    except OSError:
        return a.resolve() == b.resolve()


@contextmanager
def written_whole(
    output: Path, *, inputs: Sequence[Path] = (), force: bool = False
) -> Iterator[Path]:
    """A path to write to, which becomes `output` when the block ends well, and is removed if not.

    The file is there and empty, and is our own: never a link that somebody put in its place.
    """
    check_free(output, inputs=inputs, force=force)
    partial = output.with_name(output.name + SUFFIX)
    claim = _claimed(partial, inputs)
    try:
        yield partial
        with answered(output):
            _synced(partial)
            _renamed(partial, output, force)
    except BaseException:  # raised again
        with suppress(OSError):
            partial.unlink()
        raise
    finally:
        os.close(claim)


@contextmanager
def answered(output: Path) -> Iterator[None]:
    """The system's refusals while writing, as `OutputError`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "the system refused").lower()
        hint = "make room, or choose another disk" if "space" in reason else ""
        hint = "name a shorter one with -o" if "too long" in reason else hint
        raise OutputError(f"can't be written: {reason}", path=output, hint=hint) from error


def dated_like(path: Path, original: Path) -> None:
    """Give `path` the time of modification of `original`, which tells when it was shot."""
    with answered(path):
        when = original.stat().st_mtime_ns
        os.utime(path, ns=(when, when))


def write_text(
    output: Path, text: str, *, inputs: Sequence[Path] = (), force: bool = False
) -> None:
    """`text` as UTF-8 in `output`, whole or not at all."""
    with (
        written_whole(output, inputs=inputs, force=force) as partial,
        answered(output),
        partial.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
    ):
        file.write(text)


def _claimed(partial: Path, inputs: Sequence[Path]) -> int:
    """Creates `partial` and returns a descriptor that holds it for as long as it is open.

    One that was left by a run that died is replaced; one that is being written is not touched.
    """
    for path in inputs:
        if _same(partial, path):
            raise OutputError("the output's partial file is the input", path=partial)
    busy = OutputError(
        "another run is writing this output", path=partial, hint="wait for it, or remove the file"
    )
    with answered(partial):
        if os.path.lexists(partial):
            if not partial.is_symlink() and _locked(partial):
                raise busy
            partial.unlink()
        try:
            descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except FileExistsError:
            raise busy from None
    flocked(descriptor)  # says that a run is alive
    return descriptor


def _locked(partial: Path) -> bool:
    descriptor = os.open(partial, os.O_RDWR)
    try:
        return not flocked(descriptor)
    finally:
        os.close(descriptor)


def _synced(path: Path) -> None:
    """On the disk before the name changes: a power cut must not leave an empty final file."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _renamed(partial: Path, output: Path, force: bool) -> None:
    if force:
        partial.replace(output)
        return
    try:
        os.link(partial, output)  # unlike a rename this fails if the name was taken meanwhile
    except FileExistsError:
        raise OutputError(
            "the output appeared while it was being made", path=output, hint="pass --force"
        ) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(output):
            raise OutputError("the output exists already", path=output) from None
        partial.replace(output)
        return
    partial.unlink()


@contextmanager
def held(partial: Path) -> Iterator[None]:
    """Says that a run is alive, as `written_whole` does, for a partial file that took its place."""
    with answered(partial):
        descriptor = os.open(partial, os.O_RDWR)
    try:
        flocked(descriptor)
        yield
    finally:
        os.close(descriptor)
