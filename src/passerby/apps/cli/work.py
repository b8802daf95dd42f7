"""Which files are meant, and where each goes; everything that can be refused before work begins."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...core.errors import OutputError, UsageError

Naming = Callable[[Path, Path | None], Path]
Test = Callable[[Path], bool]


@dataclass(frozen=True, slots=True)
class Item:
    """One input and its output. `folder`: the folder to write to that the person named, if any."""

    source: Path
    target: Path
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What to do; `skipped` are files of a folder that are left alone, each with the reason."""

    items: tuple[Item, ...]
    skipped: tuple[tuple[Path, str], ...] = ()


def gather(
    inputs: Sequence[Path],
    *,
    output: Path | None,
    to: Path | None,
    name: Naming,
    rename: Callable[[Path, Path], Path],
    is_media: Test,
) -> Work:
    """Inputs as given -> one item per file. Folders are walked; their layout is kept under `to`.

    `name`: what an input's output is called; `rename`: what it is called where that name would be
    another's too.

    Raises UsageError where the request contradicts itself, before anything is read or written.
    """
    folders = [path for path in inputs if path.is_dir()]
    refuse(inputs, folders, output, to)
    items: list[Item] = []
    skipped: list[tuple[Path, str]] = []
    for path in inputs:
        if path in folders:
            assert to is not None
            found, left = walk(path, to, name, is_media)
            items += found
            skipped += left
        else:
            items.append(Item(path, output or name(path, to), to))
    items = once(items)
    if output is None:
        items = apart(items, rename)
    no_clash(items)
    return Work(tuple(items), tuple(skipped))


def refuse(
    inputs: Sequence[Path], folders: Sequence[Path], output: Path | None, to: Path | None
) -> None:
    if output is not None and to is not None:
        raise UsageError("-o and --to contradict each other", hint="give one of them")
    if output is not None and (len(inputs) > 1 or folders):
        raise UsageError("-o names one file", hint="use --to DIR for several inputs or a folder")
    if output is not None and output.is_dir():
        raise UsageError("-o is a folder", path=output, hint="use --to DIR")
    if to is not None and to.exists() and not to.is_dir():
        raise UsageError("--to is a file", path=to, hint="name a folder")
    if folders and to is None:
        raise UsageError("this is a folder", path=folders[0], hint="say where to: --to DIR")


def walk(
    folder: Path, to: Path, name: Naming, is_media: Test
) -> tuple[list[Item], list[tuple[Path, str]]]:
    """Photos, videos and sound below `folder`, by name. Links to folders aren't followed."""
    items: list[Item] = []
    skipped: list[tuple[Path, str]] = []

    def unreadable(error: OSError) -> None:
        raise UsageError(
            "this folder can't be read, so what lies in it would be missed",
            path=error.filename,
            hint="check its permissions",
        )

    for place, below, files in os.walk(folder, onerror=unreadable):
        here = Path(place)
        links = [here / entry for entry in sorted(below) if (here / entry).is_symlink()]
        skipped += [(link, "a link to a folder") for link in links]
        below[:] = sorted(e for e in below if not same(here / e, to) or same(folder, to))
        for file in sorted(files):
            path = here / file
            why = left_alone(path, is_media)
            if why:
                skipped.append((path, why))
            else:
                items.append(Item(path, name(path, to / here.relative_to(folder)), to))
    return items, skipped


def left_alone(path: Path, is_media: Test) -> str:
    """Why a file of a folder is not processed; empty when it is."""
    if path.name.startswith("."):
        return "a hidden file"
    if path.stem.lower().endswith(".redacted"):
        return "redacted already, by its name"
    if not path.is_file():
        return "no regular file"
    return "" if is_media(path) else "of no kind that is taken here"


def once(items: Sequence[Item]) -> list[Item]:
    """Each input once, however often and under whichever path it was named."""
    seen: dict[Path, Item] = {}
    for item in items:
        seen.setdefault(item.source.absolute(), item)
    return list(seen.values())


def apart(items: Sequence[Item], rename: Callable[[Path, Path], Path]) -> list[Item]:
    """Of inputs that would be written to one file, each gets a name of its own.

    The one that keeps its suffix keeps the short name, so x.mp4 is x.redacted.mp4 whether or not
    there is an x.avi beside it.
    """
    wanted = Counter(_plain(item.target) for item in items)
    return [
        item
        if wanted[_plain(item.target)] == 1 or item.source.suffix == item.target.suffix
        else replace(item, target=rename(item.source, item.target))
        for item in items
    ]


def _plain(path: Path) -> str:
    """Alike for paths that a file system may take for one."""
    return str(path.absolute()).casefold()


def no_clash(items: Sequence[Item]) -> None:
    """No output may be an input, or another's output."""
    targets: dict[Path, Path] = {}
    sources = {item.source.resolve(): item.source for item in items}
    for item in items:
        hit = sources.get(item.target.resolve())
        if hit is not None or same(item.source, item.target):
            raise UsageError("the output is the input", path=item.target, hint="name another file")
        other = targets.setdefault(item.target.resolve(), item.source)
        if other is not item.source:
            raise UsageError(
                f"two inputs would be written to this file: {other} and {item.source}",
                path=item.target,
                hint="do them one at a time with -o, or into folders of their own",
            )


def same(a: Path, b: Path) -> bool:
    """True when both paths lead to one file or folder, by whatever links."""
    try:
        return a.samefile(b)
    except OSError:
        return False


def room(item: Item) -> None:
    """Make the folder of an output that `--to` places in a folder of its own."""
    if item.folder is None:
        return
    try:
        item.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "this folder can't be made", path=item.target.parent, hint="check its permissions"
        ) from error
