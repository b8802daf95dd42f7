"""What a batch knows of itself, in a folder of its own: the next run goes on where this one ended.

`receipts.jsonl` has a line for each file that was finished, and is only ever added to. A line is
written, and is on the disk, before the finished file gets its place: whatever lies in a place and
is what its line says was made whole. A line that a crash cut short is none.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict

from ...core.errors import OutputError, UsageError
from ...core.lock import taken
from ...jobs.output import answered, write_text
from ...jobs.tasks import Receipt
from .places import below

SUFFIX: Final = ".batch"
LOCK: Final = "lock"
LINES: Final = "receipts.jsonl"
STAGE: Final = ".passerby-stage"


class Entry(BaseModel):
    """A line. `seen`, `made`: what the source and the finished file look like from outside, by
    which an unchanged file is known without reading it.

    `begun`: somebody began to make this file where others can't watch it, so whatever lies in its
    place is of this batch, and is not to be trusted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    state: Literal["begun", "ended"] = "ended"
    seen: str = ""
    made: str = ""
    attempts: int = 1
    receipt: Receipt | None = None


class Records:
    """The folder, locked for as long as it is open: two batches never write to one.

    Raises OutputError where another batch is at work, or nothing can be written; UsageError where
    it is somebody else's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        check_own(folder)
        with answered(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o666)
        if not taken(self._lock):
            os.close(self._lock)
            raise OutputError(
                "another batch is writing here", path=folder, hint="wait for it, or stop it"
            )
        self._known = {entry.name: entry for entry in read(folder)}
        with answered(folder):
            self._lines = os.open(folder / LINES, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o666)
            _end_line(self._lines)
        self.sweep()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sweep()
        os.close(self._lines)
        os.close(self._lock)

    @property
    def stage(self) -> Path:
        """Where unfinished files lie; whatever is left there of a run that died is removed."""
        return self.folder / STAGE

    def sweep(self) -> None:
        shutil.rmtree(self.stage, ignore_errors=True)

    def known(self, name: str) -> Entry | None:
        return self._known.get(name)

    def keep(self, entry: Entry) -> None:
        """Write it down, and be sure that it is. In ASCII, for names are bytes, of any kind."""
        line = (json.dumps(entry.model_dump(), separators=(",", ":")) + "\n").encode()
        with answered(self.folder):
            before = os.fstat(self._lines).st_size
            try:
                if os.write(self._lines, line) != len(line):
                    raise OutputError("can't be written whole", path=self.folder, hint="make room")
                os.fsync(self._lines)
            except (OSError, OutputError):
                with suppress(OSError):
                    os.ftruncate(self._lines, before)
                raise
        self._known[entry.name] = entry

    def report(self, name: str, report: Mapping[str, Any]) -> None:
        """Keep the whole report of one file, for people."""
        path = below(self.folder / "reports", f"{name}.json")
        with answered(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(report, indent=1, ensure_ascii=False) + "\n", force=True)


def check_own(folder: Path) -> None:
    """UsageError where a folder holds something, and no batch kept its records there: files of the
    names that are written here would be somebody else's.

    Of a batch is what has lines that can be read, or, for the first may be cut short, an empty
    lock beside lines, or alone.
    """
    with answered(folder):
        there = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
        if not there or next(read(folder), None) is not None:
            return
        locked = LOCK in there and not (folder / LOCK).stat().st_size
    if not (locked and (LINES in there or there <= {LOCK, STAGE})):
        raise UsageError(
            "this folder holds something else than the records of a batch",
            path=folder,
            hint="--records DIR, a new folder or that of an earlier run",
        )


def read(folder: Path) -> Iterator[Entry]:
    """What the lines say, in their order; without those that a crash cut short."""
    with suppress(FileNotFoundError), (folder / LINES).open("rb") as lines:
        for line in lines:
            with suppress(ValueError):
                yield Entry.model_validate(json.loads(line))


def _end_line(lines: int) -> None:
    """So that what comes next doesn't go on behind a line that was cut short."""
    size = os.lseek(lines, 0, os.SEEK_END)
    if size:
        os.lseek(lines, size - 1, os.SEEK_SET)
        if os.read(lines, 1) != b"\n":
            os.write(lines, b"\n")
