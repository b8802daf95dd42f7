"""Is there anybody in these files? For a repository, or whatever is about to be shared."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import Interrupted, PasserbyError, Unreadable, UsageError
from ..media import sha256
from .account import UNSURE
from .footage import found
from .naming import PHOTOS, VIDEOS
from .output import answered
from .settings import Settings

_ALLOWED = re.compile(r"([0-9a-f]{64})(\s.*)?")


@dataclass(frozen=True, slots=True)
class Checked:
    """One file. `seen`: how many of each kind; `error`: why nobody knows; `unsure`: why nobody
    could tell in some of it, for people."""

    path: Path
    seen: dict[str, int]
    allowed: bool = False
    error: PasserbyError | None = None
    unsure: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        return self.allowed or not (self.seen or self.unsure or self.error)


def check(
    paths: Iterable[Path | Unreadable],
    settings: Settings,
    *,
    least: float = 0.0,
    allowed: frozenset[str] = frozenset(),
) -> Iterator[Checked]:
    """Looks for whatever `settings` would hide. `least`: the score that a sighting needs to count;
    `allowed`: SHA-256 of files that may show somebody. A file that can't be read is not clean, nor
    is a place that `seen_in` could not look into."""
    for path in paths:
        if isinstance(path, Unreadable):
            yield Checked(Path(path.path or ""), {}, error=path)
            continue
        try:
            if allowed and sha256(path) in allowed:
                yield Checked(path, {}, allowed=True)
                continue
            document, _ = found(path, settings)
        except (Interrupted, UsageError):
            raise
        except PasserbyError as error:
            error.path = error.path or path
            yield Checked(path, {}, error=error)
            continue
        told = [track for track in document.tracks if track.kind not in UNSURE]
        kinds = Counter(track.kind for track in told if track.score >= least)
        whole = {track.kind for track in document.tracks}
        unsure = tuple(why for kind, why in UNSURE.items() if kind in whole)
        yield Checked(path, dict(sorted(kinds.items())), unsure=unsure)


def seen_in(
    inputs: Sequence[Path], passed_over: Callable[[Path], None]
) -> Iterator[Path | Unreadable]:
    """The photos and videos among files and in folders, and an error for each that isn't there or
    can't be looked into. Hidden folders are left out; `passed_over` is told of links to folders."""
    for path in inputs:
        if _is_folder(path):
            yield from _inside(path, passed_over)
        elif not os.path.lexists(path):
            yield Unreadable("is not there, or can't be reached", path=path)
        elif is_looked_at(path):
            yield path


def _inside(folder: Path, passed_over: Callable[[Path], None]) -> Iterator[Path | Unreadable]:
    refused: list[OSError] = []
    for place, below, files in os.walk(folder, onerror=refused.append):
        here = Path(place)
        below[:] = sorted(name for name in below if not name.startswith("."))
        for link in (here / name for name in below):
            if link.is_symlink():
                passed_over(link)
        for path in (here / name for name in sorted(files) if not name.startswith(".")):
            if is_looked_at(path) and _regular(path):
                yield path
    for error in refused:
        yield Unreadable(
            "this folder can't be read, so nobody knows who is in it",
            path=error.filename,
            hint="check its permissions",
        )


def _is_folder(path: Path) -> bool:
    """As far as can be told."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _regular(path: Path) -> bool:
    """Whether it is a file, as far as can be told; a link to nothing is none."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # and whoever opens it says what is wrong


def is_looked_at(path: Path) -> bool:
    """By its name a photo or a video, ours too."""
    return path.suffix.lower() in PHOTOS | VIDEOS


def allowed_in(path: Path) -> frozenset[str]:
    """SHA-256 from a file as `sha256sum` writes it; lines with # are for people."""
    with answered(path):
        text = path.read_text("utf-8", "replace")
    hashes = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _ALLOWED.fullmatch(line.strip())
        if match is None:
            raise UsageError(
                f"line {number} is no SHA-256", path=path, hint="write it with sha256sum FILE"
            )
        hashes.add(match[1])
    return frozenset(hashes)
