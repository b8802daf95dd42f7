"""Plans, reports and manifests: where they may lie, and how they are written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import PasserbyError
from .terminal import complain

if TYPE_CHECKING:
    from ...jobs.apart import Named


def report_place(report: Path | None) -> tuple[Path | None, Path | None]:
    """What `--report` names: (folder, None) or (None, file). A new name without suffix is a
    folder."""
    if report is None:
        return None, None
    if report.is_dir() or (not report.suffix and not os.path.lexists(report)):
        return report, None
    return None, report


def reports(folder: Path | None, report: Path | None) -> list[Named]:
    """All that `--report` writes; in a folder, that folder too, which can't be a file."""
    from ...jobs.page import NAMES

    inside = [] if folder is None else [folder, *(folder / name for name in NAMES)]
    return [("--report", path) for path in (*inside, report)]


def settings_read(settings: Path | None, policy: str | None) -> list[Named]:
    """The files behind `--settings` and `--policy`."""
    from ...jobs.policies import NAMES

    own = None if policy is None or policy in NAMES else Path(policy)
    return [("--settings", settings), ("--policy", own)]


def paper(path: Path | None, sources: Sequence[Path], *, force: bool) -> None:
    """Make sure, before the work begins, that a plan or report can be written to `path`."""
    from ...jobs.output import check_writable

    if path is not None:
        check_writable(path, inputs=sources, force=force)


def write_papers(
    papers: Iterable[tuple[Path | None, Mapping[str, Any]]],
    sources: Sequence[Path],
    *,
    force: bool,
    kept: str = "",
) -> list[PasserbyError]:
    """Write each as JSON, whole or not at all, where a path was given; what went wrong, told, and
    no reason to leave the others. `kept`: what to say of the output then."""
    from ...jobs.output import write_text

    problems = list[PasserbyError]()
    for path, report in papers:
        if path is None:
            continue
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        try:
            write_text(path, text, inputs=sources, force=force)
        except PasserbyError as error:
            error.hint = "; ".join(part for part in (error.hint, kept) if part)
            complain(error)
            problems.append(error)
    return problems
