"""The films and photos of one review: those of a folder are looked through one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...core.errors import Interrupted, PasserbyError, UsageError
from ...jobs import Settings
from ...jobs.review import Papers, Session, opened
from . import export, views


class Film:
    """One of them: waiting, being looked through, ready, or failed."""

    def __init__(self, papers: Papers, name: str) -> None:
        self.papers, self.name = papers, name
        self.session: Session | None = None
        self.error: PasserbyError | None = None
        self.export: export.Export | None = None
        self.progress: tuple[str, float, float | None] | None = None

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = {"name": self.name, "status": "waiting"}
        if self.session is not None:
            said = self.session.said()
            decided = len(views.decided(self.session, said))
            told |= {"status": "ready", "decided": decided, "tracks": len(self.session.tracks)}
            if self.export is not None:
                told["export"] = self.export.told()["status"]
        elif self.error is not None:
            told |= {"status": "failed", **export.failure(self.error)}
        elif self.progress is not None:
            phase, done, total = self.progress
            told |= {"status": "scanning", "phase": phase, "done": done, "total": total}
        return told


class Films:
    """All of them. `first` is open already where there is only one."""

    def __init__(self, papers: Sequence[Papers], settings: Settings, root: Path | None) -> None:
        self.films = [Film(p, _name(p.input, root)) for p in papers]
        self._settings, self._stop = settings, threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, number: int, tell: Callable[..., None] | None = None) -> None:
        """Look through one of them, or read its plan. Raises what is wrong."""
        film = self.films[number]

        def step(phase: str, done: Fraction, total: Fraction | None) -> None:
            if self._stop.is_set():
                raise Interrupted("stopped")
            film.progress = phase, float(done), None if total is None else float(total)
            if tell is not None:
                tell(phase, done, total)

        session = opened(film.papers, self._settings, step)
        session.reel()
        film.session = session

    def open_all(self) -> None:
        """Look through those that aren't open yet, in a thread of its own."""
        self._thread = threading.Thread(target=self._open_all, name="scan", daemon=True)
        self._thread.start()

    def ready(self, number: int) -> Session:
        if not 0 <= number < len(self.films):
            raise UsageError(f"there is no film {number}")
        session = self.films[number].session
        if session is None:
            raise UsageError("this film is not ready yet", hint="wait until it is looked through")
        return session

    @property
    def busy(self) -> bool:
        """Whether anything is being worked on that nobody should interrupt."""
        scanning = self._thread is not None and self._thread.is_alive()
        return scanning or any(f.export is not None and f.export.running for f in self.films)

    def start_export(self, number: int, *, replace: bool) -> None:
        session = self.ready(number)
        for film in self.films:
            export.one_at_a_time(film.export)
        self.films[number].export = export.Export(session, replace=replace)

    def close(self) -> None:
        """Stop what is going on, wait for it, and let go of every file."""
        self._stop.set()
        for film in self.films:
            if film.export is not None:
                film.export.cancel()
                film.export.wait()
        if self._thread is not None:
            self._thread.join()
        for film in self.films:
            if film.session is not None:
                film.session.close()

    def _open_all(self) -> None:
        for number, film in enumerate(self.films):
            if self._stop.is_set():
                return
            if film.session is None and film.error is None:
                try:
                    self.open(number)
                except PasserbyError as error:
                    film.error = error
                except Exception as error:  # of one film; the page tells it
                    film.error = export.unknown(error)


def _name(path: Path, root: Path | None) -> str:
    return path.name if root is None else str(path.relative_to(root))
