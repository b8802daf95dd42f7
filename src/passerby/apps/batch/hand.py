"""Who works on a machine of a cluster: the same plain tasks, on files fetched and sent.

Nothing here knows the cluster. What lies in scratch is what is being worked on, and no more: it
goes when the process ends, even if that is killed. What a machine left that lost its power is
removed by the next process on it.
"""

from __future__ import annotations

import contextvars
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from ... import __version__
from ...core.errors import Interrupted, PasserbyError
from ...jobs import tasks
from ...jobs.naming import is_photo
from ...jobs.tasks import asked
from .leftovers import removed_after_this
from .stores import fetched, send

ROOT: Final = "passerby-scratch"
T = TypeVar("T")


class Hand:
    """Works on one thing at a time, with models that are loaded once. `sign` may be asked any time.

    `settings`: a document of `tasks.told`. `scratch`: the folder for what is being worked on; the
    machine's own for temporary files if empty.
    """

    def __init__(self, settings: Mapping[str, Any], scratch: str = "") -> None:
        self._settings = asked(settings)
        root = Path(scratch or tempfile.gettempdir()) / f"{ROOT}-{os.getuid()}"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(root)
        self._scratch = root / str(os.getpid())
        removed_after_this(self._scratch)
        self._signs, self._phase = 0, ""
        self._share: float | None = None
        self._sending, self._halted = threading.Lock(), False
        self._sent: dict[str, Any] | None = None  # the last that was put in its place
        # Models are kept by context, and each call may come in a thread of its own.
        self._context = contextvars.copy_context()
        self._context.run(ExitStack().enter_context, tasks.models_kept())

    def version(self) -> str:
        """Of Passerby here: all machines must have one."""
        return __version__

    def sign(self) -> tuple[int, str, float | None]:
        """A number that grows while work goes on, and how far it is."""
        return self._signs, self._phase, self._share

    def halt(self) -> dict[str, Any] | None:
        """From now on nothing is put in its place; what was put there last, as {"target": ...,
        "receipt": ...}. Waits for what is on its way."""
        with self._sending:
            self._halted = True
            return self._sent

    def begin(self, source: str, target: str, seconds: float) -> dict[str, Any]:
        """Redact a file whole; or, if it is a film that is longer than two parts of so many
        `seconds`, say which parts: {"receipt": ...} or {"parts": ...}."""

        def work(folder: Path) -> dict[str, Any]:
            with fetched(source, folder) as path:
                if seconds > 0 and not is_photo(path):
                    parts = tasks.parts(path, self._settings, seconds)
                    if len(parts) > 1:
                        return {"parts": [list(part) for part in parts]}
                return {"receipt": self._made(path, target, folder, None)}

        return self._at_work(work)

    def survey(self, source: str, part: Sequence[int]) -> bytes:
        """What the detectors answered in one part of a film."""

        def work(folder: Path) -> bytes:
            answers = folder / "answers"
            with fetched(source, folder) as path:
                tasks.survey_part(path, answers, self._settings, (part[0], part[1]))
            return answers.read_bytes()

        return self._at_work(work)

    def finish(self, source: str, target: str, answers: Sequence[bytes]) -> dict[str, Any]:
        """Follow a film by all these answers, and render it: {"receipt": ..., "known": ...}."""

        def work(folder: Path) -> dict[str, Any]:
            plan, files = folder / "plan.json", list[Path]()
            for number, some in enumerate(answers):
                files.append(folder / f"{number}.answers")
                files[-1].write_bytes(some)
            with fetched(source, folder) as path:
                try:
                    counts = tasks.link(path, files, plan, self._settings)
                except PasserbyError as error:
                    return {"receipt": tasks.refused(error).model_dump(mode="json")}
                return {"receipt": self._made(path, target, folder, plan), "known": list(counts)}

        return self._at_work(work)

    def _made(self, path: Path, target: str, folder: Path, plan: Path | None) -> dict[str, Any]:
        """The receipt of a file that is redacted and then, if it may be, put in its place."""
        made = folder / "out" / PurePosixPath(target).name
        made.parent.mkdir()
        receipt = tasks.redact_whole(path, made, self._settings, plan=plan, progress=self._step)
        document = receipt.model_dump(mode="json")
        if receipt.status == "done":
            with self._sending:
                if self._halted:
                    raise Interrupted("stopped", path=target)
                send(made, target)
                self._sent = {"target": target, "receipt": document}
        return document

    def _at_work(self, work: Callable[[Path], T]) -> T:
        """Do it in a folder of its own, which is gone afterwards."""
        self._signs += 1
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(mode=0o700)
        try:
            return self._context.copy().run(work, self._scratch)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _step(self, phase: str, done: Fraction, total: Fraction | None) -> None:
        self._signs += 1
        self._phase, self._share = phase, min(1.0, float(done / total)) if total else None


def _sweep(root: Path) -> None:
    """Remove what processes left that are no more."""
    for folder in root.iterdir():
        if folder.name.isdigit() and not _alive(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
