"""Rendering and verifying in the background, while the page stays usable."""

from __future__ import annotations

import threading
from fractions import Fraction
from typing import Any

from ... import jobs
from ...core.errors import Interrupted, PasserbyError, UsageError
from ...jobs.review import Session


class Export:
    """One export of one film. `told()` says how far it is, or what became of it."""

    def __init__(self, session: Session, *, replace: bool) -> None:
        self._session, self._replace = session, replace
        self._stop = threading.Event()
        self._told: dict[str, Any] = {"status": "running", "phase": "", "done": 0.0, "total": None}
        self._revision = session.revision
        self._thread = threading.Thread(target=self._work, name="export", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def told(self) -> dict[str, Any]:
        return {**self._told, "revision": self._revision}

    def cancel(self) -> None:
        """Ask it to end; what is unfinished is removed."""
        self._stop.set()

    def wait(self) -> None:
        self._thread.join()

    def _step(self, phase: str, done: Fraction, total: Fraction | None) -> None:
        if self._stop.is_set():
            raise Interrupted("stopped", hint="what was unfinished has been removed")
        far = None if total is None else float(total)
        self._told = {"status": "running", "phase": phase, "done": float(done), "total": far}

    def _work(self) -> None:
        papers = self._session.papers
        try:
            report = jobs.redact(
                papers.input,
                papers.output,
                self._session.settings,
                plan=papers.plan,
                force=self._replace,
                progress=self._step,
            )
            status = "done"
        except jobs.NotHandedOver as error:
            report, status = error.report, "found"
        except Interrupted:
            self._told = {"status": "stopped"}
            return
        except PasserbyError as error:
            self._told = {"status": "failed", **failure(error)}
            return
        except Exception as error:  # told on the page, without its words
            self._told = {"status": "failed", **failure(unknown(error))}
            return
        self._told = {"status": status, "output": papers.output.name, **self._judged(report)}

    def _judged(self, report: jobs.Report) -> dict[str, Any]:
        reel = self._session.reel()
        found = [
            {"what": f.what, "frame": None if f.at is None else reel.number(f.at), "box": f.box}
            for f in report.findings
        ]
        verdict = "not made" if report.verification is None else report.verification.verdict
        return {"verdict": verdict, "said": list(report.said()), "findings": found[:200]}


def failure(error: PasserbyError) -> dict[str, Any]:
    """An error for the page, which is this machine's own: it may name files as the person did."""
    path = "" if error.path is None else f"{error.path}: "
    return {"code": error.code, "what": f"{path}{error.what}", "hint": error.hint}


def unknown(error: Exception) -> PasserbyError:
    """A mistake in Passerby: its kind, not its words, which may quote the footage."""
    return PasserbyError(f"a mistake in Passerby itself ({type(error).__name__})")


def one_at_a_time(running: Export | None) -> None:
    if running is not None and running.running:
        raise UsageError("an export is running", hint="wait for it, or stop it")
