"""Is there anybody in these files? For a repository, or whatever is about to be shared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import Interrupted, PasserbyError, UsageError
from ..media import sha256
from .footage import found
from .naming import PHOTOS, VIDEOS
from .output import answered
from .settings import Settings

_ALLOWED = re.compile(r"([0-9a-f]{64})(\s.*)?")


@dataclass(frozen=True, slots=True)
class Checked:
    """One file. `seen`: how many of each kind; `error`: why nobody knows."""

    path: Path
    seen: dict[str, int]
    allowed: bool = False
    error: PasserbyError | None = None

    @property
    def clean(self) -> bool:
        return self.allowed or (not self.seen and self.error is None)


def check(
    paths: Iterable[Path],
    settings: Settings,
    *,
    least: float = 0.0,
    allowed: frozenset[str] = frozenset(),
) -> Iterator[Checked]:
    """Looks for whatever `settings` would hide. `least`: the score that a sighting needs to count;
    `allowed`: SHA-256 of files that may show somebody. A file that can't be read is not clean."""
    for path in paths:
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
        kinds = Counter(track.kind for track in document.tracks if track.score >= least)
        yield Checked(path, dict(sorted(kinds.items())))


def seen_in(inputs: Sequence[Path]) -> Iterator[Path]:
    """The photos and videos among files and in folders; hidden folders are left out."""
    for path in inputs:
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if not _hidden(p.relative_to(path)))
            yield from (p for p in inside if p.is_file() and is_looked_at(p))
        elif is_looked_at(path):
            yield path


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


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
