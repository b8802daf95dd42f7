"""Where the time of one job goes: CPU time by step and by thread, per frame of film.

Each step's own time is counted, without that of steps inside it, on the thread that runs it.
Decoder, encoder and inference work on threads of their own too; those are read from the system
(Linux). The last lines compare with a pure transcode in a process of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Final

import measure
import speed

TASKS: Final = Path("/proc/self/task")
TICK: Final = 0.01  # seconds in the system's unit of CPU time


class Steps:
    """Own CPU and wall seconds of each step, over all threads."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = defaultdict(float)
        self.wall: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._local = threading.local()
        self._lock = threading.Lock()

    def call(self, name: str, work: Callable[[], Any]) -> Any:
        """What `work` returns; its time less that of the steps inside goes to `name`."""
        stack: list[list[float]] = self._local.__dict__.setdefault("stack", [])
        stack.append([0.0, 0.0])
        cpu, wall = time.thread_time(), time.monotonic()
        try:
            return work()
        finally:
            cpu, wall = time.thread_time() - cpu, time.monotonic() - wall
            inner = stack.pop()
            if stack:
                stack[-1][0] += cpu
                stack[-1][1] += wall
            with self._lock:
                self.cpu[name] += cpu - inner[0]
                self.wall[name] += wall - inner[1]
                self.calls[name] += 1

    def watch(
        self, owner: Any, method: str, name: str, more: Callable[..., str] | None = None
    ) -> None:
        """From now on `owner.method` counts as step `name`; a generator's every item does.

        `more`: from the call's arguments, words that tell apart kinds of this step.
        """
        plain = getattr(owner, method)

        @wraps(plain)
        def counted(*given: Any, **named: Any) -> Any:
            full = name if more is None else f"{name} {more(*given, **named)}"
            made = self.call(full, lambda: plain(*given, **named))
            return self._items(made, full) if isinstance(made, Iterator) else made

        setattr(owner, method, counted)

    def _items(self, items: Iterator[Any], name: str) -> Iterator[Any]:
        end = object()
        try:
            while (item := self.call(name, lambda: next(items, end))) is not end:
                yield item
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()


class Threads:
    """CPU seconds of each thread of this process, also of those that have ended."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[str, float]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read_on, daemon=True, name="reader")

    def start(self) -> None:
        self._thread.start()

    def seconds(self) -> dict[str, float]:
        """By thread name."""
        self._stop.set()
        self._thread.join()
        self._read()
        by_name: dict[str, float] = defaultdict(float)
        for name, seconds in self._seen.values():
            by_name[name] += seconds
        return dict(sorted(by_name.items(), key=lambda entry: -entry[1]))

    def _read_on(self) -> None:
        while not self._stop.wait(0.1):
            self._read()

    def _read(self) -> None:
        names = {t.native_id: t.name for t in threading.enumerate() if t.native_id is not None}
        for task in TASKS.iterdir() if TASKS.is_dir() else ():
            try:
                told = (task / "stat").read_text()
            except OSError:
                continue
            comm, rest = told[told.index("(") + 1 : told.rindex(")")], told[told.rindex(")") + 2 :]
            fields = rest.split()
            number = int(task.name)
            known = self._seen.get(number, ("", 0.0))[0]
            native = known or f"native {comm.rstrip('0123456789')}"
            name = names.get(number, native)
            self._seen[number] = (name, (int(fields[11]) + int(fields[12])) * TICK)


def watch_all(steps: Steps) -> None:
    """Put a clock on every step of a film's way."""
    import cv2

    from passerby.detect import centerface, runtime
    from passerby.media import decode, encode, frames
    from passerby.plan import planner, timeline
    from passerby.redact import paint
    from passerby.track import follower, looker, motion

    steps.watch(decode.VideoSource, "frames", "decode")
    steps.watch(decode.DecodedFrame, "writable", "copy before painting")
    steps.watch(frames.PlanarFrame, "luma", "luma")
    steps.watch(frames.PlanarFrame, "picture", "picture")
    for one in (runtime.OpenVinoRuntime, runtime.OnnxRuntime):
        steps.watch(one, "run", "inference", lambda _, p: f"{p.shape[2]}x{p.shape[1]}")
        steps.watch(one, "__init__", "loading the model")
    steps.watch(runtime.OpenVinoRuntime, "_compiled", "compiling the model")
    if hasattr(centerface, "CenterFace"):
        steps.watch(centerface.CenterFace, "detect", "detector around it")
    steps.watch(looker.Looker, "whole", "looker")
    steps.watch(looker.Looker, "closer", "looker")
    steps.watch(looker.Looker, "news", "looker")
    steps.watch(motion, "step", "motion")
    steps.watch(motion, "sought", "motion: search")
    steps.watch(motion, "alike", "motion: likeness")
    steps.watch(motion, "still", "still")
    if hasattr(follower, "trace_back"):
        steps.watch(follower, "trace_back", "tracing back")
    steps.watch(cv2, "calcOpticalFlowPyrLK", "motion: flow")
    steps.watch(follower.Follower, "see", "follower")
    steps.watch(planner.FollowingPlanner, "see", "planner")
    steps.watch(timeline.Decided, "regions", "regions")
    steps.watch(paint.Paint, "redact", "paint")
    steps.watch(encode.VideoSink, "write", "encode (calling thread)")
    steps.watch(encode.VideoSink, "close", "encode (calling thread)")


def main() -> None:
    given = arguments()
    from passerby.jobs import Settings, redact

    film = given.film or speed.film(given.clip, given.seconds, given.shared)
    settings = Settings(preset=given.preset, device=given.device, verify=False)
    steps, threads = Steps(), Threads()
    watch_all(steps)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "made.mp4")
        threads.start()
        wall, cpu = time.monotonic(), time.process_time()
        report = redact(film, made, settings, force=True)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        by_thread = threads.seconds()
        words = [settings.encoder_speed, str(settings.crf or 20)]
        least = measure.run([sys.executable, speed.HERE / "transcode.py", film, made, *words])
    count = report.counts.frames
    print(
        f"{film.name}: {count} frames, {report.counts.regions} regions, {report.counts.keys} keys"
    )
    print(f"looks: {report.detectors[0].looks}")
    print(f"\n{'step':28s} {'cpu ms/frame':>13s} {'wall ms/frame':>14s} {'calls':>7s}")
    for name in sorted(steps.cpu, key=lambda n: -steps.cpu[n]):
        own, took = 1000 * steps.cpu[name] / count, 1000 * steps.wall[name] / count
        print(f"{name:28s} {own:13.2f} {took:14.2f} {steps.calls[name]:7d}")
    print(f"\n{'thread':28s} {'cpu ms/frame':>13s}")
    for name, seconds in by_thread.items():
        print(f"{name:28s} {1000 * seconds / count:13.2f}")
    print(
        f"\njob             {1000 * cpu / count:7.2f} cpu {1000 * wall / count:7.2f} wall ms/frame"
    )
    each = 1000 * least.cpu / count, 1000 * least.wall / count
    print(f"pure transcode  {each[0]:7.2f} cpu {each[1]:7.2f} wall ms/frame, start-up included")


def arguments() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--film", type=Path, help="instead of a film made for it")
    ask.add_argument("--clip", default="1080p", choices=list(speed.SIZES))
    ask.add_argument("--seconds", type=int, default=20)
    ask.add_argument("--preset", default="balanced", choices=speed.PRESETS)
    ask.add_argument("--device", default="auto")
    ask.add_argument("--shared", type=Path, default=speed.ROOT.parent / "shared", metavar="DIR")
    return ask.parse_args()


if __name__ == "__main__":
    main()
