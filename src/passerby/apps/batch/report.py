"""What became of a batch: a report to read, the same as JSON, and a manifest from old to new.

They name files, and say nothing of what is in them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ... import __version__
from ...jobs.output import write_text
from ...jobs.settings import Settings
from .driver import Outcome

WORST_FIRST: Final = ("not safe", "look here", "not checked", "safe as far as checked")
MOST: Final = 50  # lines of one kind in the report to read; the JSON has all


@dataclass(slots=True)
class Account:
    """What is known at the end, or when somebody stops it. `seconds`: of this run."""

    settings: Settings
    outcomes: list[Outcome] = field(default_factory=list)
    skipped: Sequence[tuple[str, str]] = ()
    not_begun: int = 0
    seconds: float = 0.0
    stopped: bool = False

    def counts(self) -> dict[str, int]:
        """Files by what became of them; the names are those of the report."""
        kinds = Counter(outcome.how for outcome in self.outcomes)
        return {
            "done": kinds["done"],
            "done_before": kinds["before"],
            "not_handed_over": kinds["found"],
            "failed": kinds["failed"],
            "not_begun": self.not_begun,
            "left_alone": len(self.skipped),
        }


def ranked(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Those that a person should look at first come first: what was not handed over, by verdict and
    number of findings, then failures, then what nobody checked, then the rest, by name."""

    def rank(outcome: Outcome) -> tuple[int, int, int, str]:
        receipt = outcome.receipt
        place = {"found": 0, "failed": 1}.get(outcome.how, 2)
        worst = WORST_FIRST.index(receipt.words) if receipt.words in WORST_FIRST else 0
        return place, worst, -receipt.findings, outcome.order.name

    return sorted(outcomes, key=rank)


def document(account: Account) -> dict[str, Any]:
    """The report for scripts."""
    done = sum(outcome.how in ("done", "found", "failed") for outcome in account.outcomes)
    return {
        "passerby": "batch/1",
        "version": __version__,
        "settings": account.settings.plain(),
        "counts": account.counts(),
        "stopped": account.stopped,
        "seconds": round(account.seconds, 1),
        "files_a_minute": round(60 * done / account.seconds, 1) if account.seconds > 0 else 0.0,
        "causes": dict(_causes(account).most_common()),
        "files": [_file(outcome) for outcome in ranked(account.outcomes)],
        "left_alone": [{"path": path, "why": why} for path, why in account.skipped],
    }


def manifest(account: Account) -> dict[str, Any]:
    """Which output came of which input, and their hashes; only what was handed over."""
    kept = [o for o in account.outcomes if o.how in ("done", "before")]
    return {
        "passerby": "manifest/1",
        "files": [
            {
                "input": outcome.order.source,
                "output": outcome.order.target,
                "name": outcome.order.name,
                "input_sha256": outcome.receipt.source_sha256,
                "output_sha256": outcome.receipt.output_sha256,
                "key": outcome.receipt.key,
            }
            for outcome in sorted(kept, key=lambda o: o.order.name)
        ],
    }


def text(account: Account) -> str:
    """The report for people, worst first."""
    lines = ["Passerby: a batch" + (", stopped before its end" if account.stopped else ""), ""]
    lines += [f"{n:7} {words}" for words, n in summary(account) if n]
    causes = _causes(account).most_common()
    if causes:
        lines += ["", "Why files failed"] + [f"{n:7} {cause}" for cause, n in causes]
    files = ranked(account.outcomes)
    lines += _listed(
        "Not handed over: verification found something",
        [f"{o.order.name}: {_verdict(o)}" for o in files if o.how == "found"],
    )
    lines += _listed("Failed", [f"{o.order.name}: {_cause(o)}" for o in files if o.how == "failed"])
    handed = [o for o in files if o.how in ("done", "before")]
    lines += _listed(
        "Handed over, and not checked",
        [o.order.name for o in handed if o.receipt.words == "not checked"],
    )
    lines += _listed(
        "Handed over, with a remark",
        [f"{o.order.name}: {said}" for o in handed for said in o.receipt.said if "damaged" in said],
    )
    lines += _listed("Left alone", [f"{path}: {why}" for path, why in account.skipped])
    return "\n".join(lines) + "\n"


def summary(account: Account) -> list[tuple[str, int]]:
    """Counts in words, in the order in which they are told."""
    words = {
        "done": "done",
        "done_before": "done before",
        "not_handed_over": "not handed over, for verification found something",
        "failed": "failed",
        "not_begun": "not begun",
        "left_alone": "left alone",
    }
    return [(words[name], count) for name, count in account.counts().items()]


def write(folder: Path, account: Account) -> None:
    """All three, whole or not at all, over those of the run before."""
    write_text(folder / "report.json", _json(document(account)), force=True)
    write_text(folder / "report.txt", text(account), force=True)
    write_text(folder / "manifest.json", _json(manifest(account)), force=True)


def _json(what: Mapping[str, Any]) -> str:
    return json.dumps(what, indent=1, ensure_ascii=False) + "\n"


def _file(outcome: Outcome) -> dict[str, Any]:
    receipt = outcome.receipt
    return {
        "name": outcome.order.name,
        "input": outcome.order.source,
        "output": outcome.order.target if outcome.how in ("done", "before") else None,
        "status": outcome.how,
        "verdict": receipt.words,
        "findings": receipt.findings,
        "attempts": outcome.entry.attempts,
        "seconds": receipt.seconds,
        "error": None if receipt.error is None else receipt.error.model_dump(),
        "said": list(receipt.said),
    }


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    shown = [f"  {line}" for line in lines[:MOST]]
    more = [f"  and {len(lines) - MOST} more, in report.json"] if len(lines) > MOST else []
    return ["", f"{title} ({len(lines)})", *shown, *more]


def _causes(account: Account) -> Counter[str]:
    return Counter(_cause(outcome) for outcome in account.outcomes if outcome.how == "failed")


def _cause(outcome: Outcome) -> str:
    error = outcome.receipt.error
    if error is None:
        return "unknown"
    return f"{error.what}; {error.hint}" if error.hint else error.what


def _verdict(outcome: Outcome) -> str:
    findings = outcome.receipt.findings
    return f"{outcome.receipt.words}, {findings} {'finding' if findings == 1 else 'findings'}"
