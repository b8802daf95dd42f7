"""The steps of large work, as plain functions on paths and small documents.

Each does the same whoever calls it and wherever: in this process, in another, on another machine.
What a step made is known by a key, the hash of what went in and of the settings, so a step that
was done needs not be done again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from .. import __version__
from ..core.errors import Interrupted, PasserbyError, Unreadable, failure, unforeseen
from ..core.ports import Progress
from ..media import sha256
from ..plan import text_of
from .footage import redact
from .output import write_text
from .parts import Part, answered, key_of_answers, linked, parts_of
from .report import NotHandedOver, Report
from .settings import Settings


class Failure(BaseModel):
    """Why a file could not be done: an error, as scripts get it, without its path."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    what: str
    at: int | None = None
    hint: str = ""


class Receipt(BaseModel):
    """What became of one file. `key`: of what was asked for and of which bytes.

    `found`: verification found something, and nothing was handed over. `output_sha256`: of the
    finished file, where there is one. `words`: the verdict; `said`: what a person should know.
    `report`: of the job; not kept in lists of receipts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    passerby: Literal["receipt/1"] = "receipt/1"
    version: str = __version__
    key: str = ""
    status: Literal["done", "found", "failed"]
    source_sha256: str = ""
    source_bytes: int = 0
    output_sha256: str = ""
    output_bytes: int = 0
    words: str = "not checked"
    findings: int = 0
    said: tuple[str, ...] = ()
    error: Failure | None = None
    seconds: float = 0.0
    report: dict[str, Any] | None = None


def key_of(source_sha256: str, settings: Settings, step: str = "redact") -> str:
    """Of a step on these bytes with these settings: the same key, the same result."""
    asked = {"step": step, "input": source_sha256, "settings": settings.model_dump(mode="json")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def told(settings: Settings) -> dict[str, Any]:
    """Settings as a document that `asked` reads; what nobody said stays unsaid."""
    return settings.model_dump(mode="json", exclude_unset=True)


def asked(document: Mapping[str, Any]) -> Settings:
    """The settings in a document of `told`."""
    return Settings(**document)


@contextmanager
def models_kept() -> Iterator[None]:
    """Inside, in this thread, a model is loaded once for all files, not once for each."""
    from ..detect.runtime import kept_open

    with kept_open():
        yield


def redact_whole(
    source: Path,
    output: Path,
    settings: Settings,
    *,
    plan: Path | None = None,
    progress: Progress | None = None,
) -> Receipt:
    """Redact one file from end to end: look, paint, write, verify. Never raises but an interrupt.

    `output` is new, in a folder of whoever calls; it is there whole exactly if the receipt says
    `done`. `plan`: what was found already (see `link`); then nothing is looked for.
    """
    began, digest, size = time.monotonic(), "", 0
    try:
        before = _seen(source)
        digest, size = sha256(source), before[0]
        report = redact(source, output, settings, plan=plan, progress=progress)
        if _seen(source) != before:
            output.unlink()
            raise Unreadable(
                "the file changed while it was worked on", path=source, hint="try it again"
            )
        made = report.output
        assert made is not None
        done = _receipt("done", report).model_copy(
            update={"output_sha256": made.sha256, "output_bytes": made.bytes}
        )
    except NotHandedOver as error:
        done = _receipt("found", error.report).model_copy(update={"error": _failure(error)})
    except Interrupted:
        raise
    except PasserbyError as error:
        done = Receipt(status="failed", error=_failure(error))
    except Exception as error:  # the receipt tells it
        done = Receipt(status="failed", error=_failure(unforeseen(error)))
    return done.model_copy(
        update={
            "key": key_of(digest, settings) if digest else "",
            "source_sha256": digest,
            "source_bytes": size,
            "seconds": round(time.monotonic() - began, 3),
        }
    )


def parts(source: Path, settings: Settings, seconds: float) -> tuple[Part, ...]:
    """Where a long film is split for looking; nothing where it is not. Photos and sound are not."""
    try:
        return parts_of(source, settings, seconds)
    except PasserbyError:  # whoever works on the whole file says what is wrong with it
        return ()


def survey_part(source: Path, answers: Path, settings: Settings, part: Part) -> int:
    """Look at one part of a film, and write what was seen to `answers`; how much there is.

    Nothing is done where that was done for the same bytes and settings before.
    """
    if answers.exists():
        return 0
    partial = answers.with_name(answers.name + ".partial")
    count = answered(source, partial, settings, part, key_of_answers(source, settings))
    partial.replace(answers)
    return count


def link(source: Path, answers: Sequence[Path], plan: Path, settings: Settings) -> tuple[int, int]:
    """The plan of a whole film, written to `plan`: the one that `scan` writes, to the last byte,
    whatever the answers. How often somebody had to look, and how often the answer was known."""
    document, asked, known = linked(source, answers, settings, key_of_answers(source, settings))
    write_text(plan, text_of(document), force=True)
    return asked, known


def render(
    source: Path,
    plan: Path,
    output: Path,
    settings: Settings,
    *,
    progress: Progress | None = None,
) -> Receipt:
    """`redact_whole` by a plan of `link`: paint, write, verify."""
    return redact_whole(source, output, settings, plan=plan, progress=progress)


def check(output: Path, receipt: Receipt) -> bool:
    """Whether the file that lies there is, to the last byte, the one that the receipt speaks of."""
    try:
        same_size = output.stat().st_size == receipt.output_bytes
        return same_size and receipt.status == "done" and sha256(output) == receipt.output_sha256
    except (OSError, PasserbyError):
        return False


def refused(error: PasserbyError) -> Receipt:
    """The receipt of a file that nobody could work on."""
    return Receipt(status="failed", error=_failure(error))


def _receipt(status: Literal["done", "found"], report: Report) -> Receipt:
    first, *more = report.said()
    return Receipt(
        status=status,
        words=report.verification.words,
        findings=len(report.findings),
        said=(first, *more),
        report=report.as_dict(),
    )


def _failure(error: PasserbyError) -> Failure:
    told = failure(error)
    del told["path"]
    return Failure(**told)


def _seen(path: Path) -> tuple[int, int]:
    """What tells whether a file was written to: bytes, and when."""
    try:
        found = path.stat()
    except OSError as error:
        raise Unreadable(
            f"can't be read: {(error.strerror or 'the system refused').lower()}", path=path
        ) from error
    return found.st_size, found.st_mtime_ns
