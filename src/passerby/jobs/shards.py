"""Shards of WebDataset: a tar goes in, a tar comes out in which every picture is redacted.

A sample is the run of members that share their name up to the first dot. Its originals are held in
memory alone, and a sample of which any picture fails is left out whole: half of it fits nothing.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from ..core.errors import (
    DetectorError,
    Interrupted,
    MediaError,
    OutputError,
    PasserbyError,
    Unreadable,
    UsageError,
)
from . import naming
from .footage import redact
from .output import written_whole
from .settings import Settings

MOST_BYTES: Final = 2**31  # of one member: it is held in memory
SEEN: Final = frozenset(naming.PHOTOS | naming.VIDEOS)
HEARD: Final = frozenset(naming.SOUNDS)


@dataclass(slots=True)
class Resharded:
    """What became of one shard. `members`: how many `redacted`, `kept`, `dropped`, by suffix;
    `left_out`: samples that are not in the output, with the reason; `named`: members that are
    called otherwise now."""

    samples: int = 0
    members: dict[str, Counter[str]] = field(
        default_factory=lambda: {what: Counter() for what in ("redacted", "kept", "dropped")}
    )
    left_out: list[tuple[str, PasserbyError]] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "samples": self.samples,
            **{what: dict(sorted(counts.items())) for what, counts in self.members.items()},
            "left_out": [
                {"sample": key, "code": error.code, "what": error.what}
                for key, error in self.left_out
            ],
            "renamed": self.named,
        }


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    data: bytes

    @property
    def suffix(self) -> str:
        """All behind the first dot, in lower case: ``seg.png``."""
        return PurePosixPath(self.name).name.partition(".")[2].lower()

    @property
    def last(self) -> str:
        return PurePosixPath(self.name).suffix.lower()


def reshard(
    shard: Path,
    output: Path,
    settings: Settings,
    *,
    keep: Sequence[str] = (),
    force: bool = False,
    tell: Callable[[int], None] | None = None,
) -> Resharded:
    """Redact the pictures and films of a shard. `keep`: suffixes of members that go along as they
    are; every other member is dropped, sound among them. `tell` is given the number of samples.

    Of the original's headers only names are left. `PasserbyError` when the shard itself can't be
    read; what fails in a sample is in the result.
    """
    kept = frozenset(suffix.lower().lstrip(".") for suffix in keep)
    if kept & {suffix.lstrip(".") for suffix in SEEN | HEARD}:
        raise UsageError(
            "pictures, films and sound can't be kept as they are", hint="name other suffixes"
        )
    done = Resharded()
    with (
        written_whole(output, inputs=[shard], force=force) as partial,
        tempfile.TemporaryDirectory(prefix=".passerby-", dir=output.parent) as scratch,
        tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for key, members in _samples(shard, done):
            done.samples += 1
            if tell is not None:
                tell(done.samples)
            try:
                made = _apart(
                    members, [_made(m, settings, kept, Path(scratch), done) for m in members]
                )
            except (UsageError, DetectorError, OutputError, Interrupted):
                raise  # the next sample would fare no better
            except PasserbyError as error:
                done.left_out.append((key, error))
                continue
            for member, after in zip(members, made, strict=True):
                _counted(member, after, done)
                if after is not None:
                    _add(tar, after)
    return done


def _made(
    member: _Member, settings: Settings, kept: frozenset[str], scratch: Path, done: Resharded
) -> _Member | None:
    """As it goes into the output; None for what does not."""
    if member.last not in SEEN:
        return member if {member.suffix, member.last.lstrip(".")} & kept else None
    source = Path(f"picture{member.last}")
    target = scratch / naming.same_name(source).name
    with in_memory(member.data) as path:
        redact(path, target, settings)
    data = target.read_bytes()
    target.unlink()
    name = member.name[: len(member.name) - len(member.last)] + target.suffix
    same = target.suffix.lower() == member.last
    return _Member(member.name if same else name, data)


def _apart(members: Sequence[_Member], made: Sequence[_Member | None]) -> list[_Member | None]:
    """Where the new name of a member is another's too, it gets a second one: ``k.jfif.jpg``.

    MediaError where that is another's as well.
    """
    wanted = _names(made)
    apart = [
        _Member(f"{before.name}{PurePosixPath(after.name).suffix}", after.data)
        if after is not None and _renamed(before, after) and wanted[after.name.casefold()] > 1
        else after
        for before, after in zip(members, made, strict=True)
    ]
    given = _names(apart)
    for before, after in zip(members, apart, strict=True):
        if after is not None and _renamed(before, after) and given[after.name.casefold()] > 1:
            raise MediaError("two of its members would have one name", hint="rename one of them")
    return apart


def _names(members: Sequence[_Member | None]) -> Counter[str]:
    """How many have each name; alike are those that a reader may take for one."""
    return Counter(member.name.casefold() for member in members if member is not None)


def _renamed(before: _Member, after: _Member) -> bool:
    return after.name != before.name


def _counted(member: _Member, after: _Member | None, done: Resharded) -> None:
    what = "dropped" if after is None else "redacted" if member.last in SEEN else "kept"
    done.members[what][member.suffix or "(no suffix)"] += 1
    if after is not None and _renamed(member, after):
        done.named[member.name] = after.name


def _add(tar: tarfile.TarFile, member: _Member) -> None:
    """With a header of our own: nobody's name, no time."""
    about = tarfile.TarInfo(member.name)
    about.size, about.mode = len(member.data), 0o644
    tar.addfile(about, io.BytesIO(member.data))


def _samples(shard: Path, done: Resharded) -> Iterator[tuple[str, list[_Member]]]:
    def key(member: _Member) -> str:
        path = PurePosixPath(member.name)
        return str(path.parent / path.name.partition(".")[0])

    for name, members in groupby(_members(shard, done), key=key):
        yield name, list(members)


def _members(shard: Path, done: Resharded) -> Iterator[_Member]:
    try:
        with tarfile.open(shard, "r|*") as tar:
            for about in tar:
                if not about.isreg():
                    if not about.isdir():
                        done.members["dropped"]["(link or device)"] += 1
                    continue
                _check(about, shard)
                data = _read(tar.extractfile(about), about, shard)
                yield _Member(about.name, data)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Unreadable(f"is no tar, or breaks off ({type(error).__name__})", path=shard) from None
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise Unreadable(f"can't be read: {reason}", path=shard) from error


def _check(about: tarfile.TarInfo, shard: Path) -> None:
    if about.name.startswith("/") or ".." in PurePosixPath(about.name).parts:
        raise Unreadable("has a member that would leave its folder", path=shard)
    if about.size > MOST_BYTES:
        raise MediaError(
            f"has a member of {about.size} bytes, which would have to be held in memory",
            path=shard,
            hint="unpack it, and redact the files",
        )


def _read(file: IO[bytes] | None, about: tarfile.TarInfo, shard: Path) -> bytes:
    data = b"" if file is None else file.read()
    if len(data) != about.size:
        raise Unreadable("breaks off in a member", path=shard)
    return data


@contextmanager
def in_memory(data: bytes) -> Iterator[Path]:
    """A path at which `data` can be read, and no disk on which it lies."""
    if not hasattr(os, "memfd_create"):
        raise UsageError(
            "shards are redacted where files can lie in memory, and this system has none",
            hint="use Linux; or unpack the shard, and redact the folder",
        )
    descriptor = os.memfd_create("original")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
