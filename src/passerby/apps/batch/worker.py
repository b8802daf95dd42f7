"""A process that works: one order a line on standard input, what becomes of it on standard output.

It ends when its standard input does, at once and whatever it is doing: whoever gave the orders is
gone. It never gives a finished file its place, so one that outlives its driver can spoil nothing.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any, TextIO

from ...jobs.tasks import asked, models_kept, redact_whole


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides
    warnings.simplefilter("ignore")  # a library's words may quote what a file holds
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a codec that prints can't spoil the answers
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    with models_kept():
        while True:
            say(answers, {"ready": os.getpid()})
            order = json.loads(orders.get())
            say(answers, {"ended": carried_out(order, answers)})


def carried_out(order: dict[str, Any], answers: TextIO) -> dict[str, Any]:
    """The receipt for one order, as a document."""

    def step(phase: str, done: Fraction, total: Fraction | None) -> None:
        share = min(1.0, float(done / total)) if total else None
        say(answers, {"phase": phase, "share": share})

    receipt = redact_whole(
        Path(order["source"]), Path(order["output"]), asked(order["settings"]), progress=step
    )
    return receipt.model_dump(mode="json")


def say(answers: TextIO, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _listen(orders: queue.Queue[str]) -> None:
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
