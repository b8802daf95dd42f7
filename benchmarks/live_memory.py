"""Is the memory of each process flat, and if not, where does Python's grow?"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

FLAT: Final = 0.02  # of the memory after the warm-up
WARM: Final = 0.25  # of the time, at least, and at least
LEAST: Final = 60.0  # seconds
LINES: Final = 12

# Runs in each process that Python starts; only a camera's traces itself. Its places in the code are
# written, never what is stored there.
_TRACER: Final = """
import sys
if any("passerby.apps.gateway.child" in part for part in sys.orig_argv):
    import gc, pathlib, threading, time, tracemalloc

    def trace():
        here = pathlib.Path(__file__).parent
        time.sleep({first})
        tracemalloc.start(6)
        time.sleep({warm})
        gc.collect()
        before = tracemalloc.take_snapshot()
        while True:
            time.sleep({every})
            gc.collect()
            now = tracemalloc.take_snapshot()
            lines = now.compare_to(before, "lineno")[:{lines}]
            told = [
                f"{{s.size_diff / 1024:9.0f}} kB {{s.count_diff:8d}} {{s.traceback}}" for s in lines
            ]
            kept = tracemalloc.get_traced_memory()[0] / 1e6
            name = sys.orig_argv[-1]
            told = [f"{{name}}: {{kept:.0f}} MB", *told]
            (here / f"{{name}}.grown").write_text("\\n".join(told) + "\\n")

    threading.Thread(target=trace, daemon=True).start()
"""


def told(ages: Sequence[tuple[float, Mapping[str, int]]]) -> str:
    """For each process its own memory over time, and whether it is flat.

    `ages`: seconds, and the bytes of each by name. The first tenth after the warm-up is compared
    with the last tenth, by their medians.
    """
    if not ages:
        return "  memory: not measured"
    end = ages[-1][0]
    warm = max(WARM * end, min(LEAST, end / 2))
    rows = []
    for name in sorted(set.intersection(*(set(sizes) for _, sizes in ages))):
        whole = [(at, sizes[name]) for at, sizes in ages]
        later = [size for at, size in whole if at >= warm]
        tenth = max(1, len(later) // 10)
        first, last = statistics.median(later[:tenth]), statistics.median(later[-tenth:])
        grown = last / first - 1
        steps = [whole[min(len(whole) - 1, n * len(whole) // 10)][1] for n in range(10)]
        points = " ".join(f"{size / 1e6:.0f}" for size in [*steps, whole[-1][1]])
        verdict = "flat" if abs(grown) <= FLAT else "grows" if grown > 0 else "shrinks"
        rows.append(
            f"  {name}: memory {verdict}, {100 * grown:+.1f} % from {warm:.0f} s to "
            f"{end:.0f} s; MB at each tenth: {points}"
        )
    return "\n".join(rows)


def traced(folder: Path) -> dict[str, str]:
    """What the environment needs so that cameras' processes trace their memory into `folder`."""
    code = folder / "trace"
    code.mkdir()
    tracer = _TRACER.format(first=20, warm=20, every=15, lines=LINES)
    (code / "sitecustomize.py").write_text(tracer)
    return {"PYTHONPATH": str(code)}


def grown(folder: Path) -> str:
    """Where each traced process holds more than it did: kB, pieces, file and line."""
    return "\n".join(p.read_text() for p in sorted((folder / "trace").glob("*.grown")))
