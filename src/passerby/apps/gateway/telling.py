"""What is told about cameras: whether each publishes, and numbers; nothing about anybody."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .channel import Channel

SILENT: Final = 5.0  # seconds without a packet after which a camera publishes nothing
COVERED: Final = 10.0  # seconds in which every picture was covered
_COUNTS: Final = ("came", "shown", "covered", "thinned", "dropped", "idle", "broken")
_WATCHED: Final = ("came", "shown", "covered")
_TOTALS: Final = {
    "reconnects": "Times that the camera was opened again.",
    "failures": "Failures of whoever looks.",
    "sections": "Runs of pictures without a gap.",
}
_STEPS: Final = {
    "stride": "One in so many frames is taken.",
    "halvings": "How often what is published is halved.",
    "thinning": "Of the frames that are taken, one in so many is published.",
    "stretch": "Frames may wait so many times as long as they usually may.",
}
_KNOWN: Final = {*_COUNTS, *_TOTALS, "latency_ms", "pid", *_STEPS}


class Watch:
    """Remembers what was counted some seconds ago. `look` is called about once a second."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self.whips: Mapping[str, bool] = {}  # who is connected to a WHIP server
        self._seen: dict[str, deque[tuple[float, tuple[int, ...]]]] = {}

    def look(self) -> None:
        now = time.monotonic()
        names = dict(self._channels)
        self._seen = {name: self._seen.get(name, deque()) for name in names}
        for name, channel in names.items():
            seen = self._seen[name]
            seen.append((now, tuple(_count(channel, what) for what in _WATCHED)))
            while now - seen[0][0] > COVERED + 2:
                seen.popleft()

    def reasons(self, channel: Channel) -> list[str]:
        """Why a camera does not publish what it should, for machines; empty when all is well."""
        found = []
        state, quiet = channel.status.get("state"), channel.quiet
        if quiet is None:
            found.append("nothing-published-yet")
        elif quiet > SILENT:
            found.append("nothing-published")
        if state in ("connecting", "lost", "ended"):
            found.append(f"camera-{state}")
        seen = self._seen.get(channel.name)
        if seen and seen[-1][0] - seen[0][0] >= COVERED - 2:
            came, shown, covered = (n - b for n, b in zip(seen[-1][1], seen[0][1], strict=True))
            if shown == 0 and covered > 0:
                found.append("all-covered")
            if came == 0 and state == "open":
                found.append("no-picture")
        return found

    def health(self) -> dict[str, Any]:
        """`ok` only if there are cameras and each of them publishes."""
        cameras = {name: self.reasons(channel) for name, channel in dict(self._channels).items()}
        return {
            "passerby": "health/1",
            "ok": bool(cameras) and not any(cameras.values()),
            "cameras": {name: {"ok": not why, "reasons": why} for name, why in cameras.items()},
        }

    def cameras(self) -> list[dict[str, Any]]:
        """For the dashboard."""
        told = []
        for name, channel in dict(self._channels).items():
            status, shape = channel.status, channel.published
            targets = list(status.get("targets", {}).values())
            told.append(
                {
                    "name": name,
                    "state": status.get("state", "connecting"),
                    "why": status.get("why", ""),
                    "reasons": self.reasons(channel),
                    "receivers": channel.receivers,
                    "size": [shape.size.width, shape.size.height] if shape else None,
                    "targets": [sum(t.get("state") == "open" for t in targets), len(targets)],
                    "numbers": {key: value for key, value in status.items() if _number(value)},
                }
            )
        return told

    def metrics(self) -> str:
        """Prometheus's text format 0.0.4."""
        channels = dict(self._channels)
        lines = []
        for name, kind, help_, values in self._families(channels):
            lines += [f"# HELP {name} {help_}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{{{labels}}} {value}" for labels, value in values]
        return "\n".join(lines) + "\n"

    def _families(
        self, channels: Mapping[str, Channel]
    ) -> Iterator[tuple[str, str, str, Sequence[tuple[str, float]]]]:
        items = list(channels.items())

        def each(value: Any) -> list[tuple[str, float]]:
            return [(f'camera="{name}"', value(channel)) for name, channel in items]

        yield (
            "passerby_publishes", "gauge", "1 where a camera publishes what it should.",
            each(lambda c: int(not self.reasons(c))),
        )  # fmt: skip
        yield (
            "passerby_camera_open", "gauge", "1 where the camera itself sends pictures.",
            each(lambda c: int(c.status.get("state") == "open")),
        )  # fmt: skip
        yield (
            "passerby_frames_total", "counter",
            "Frames that came, and what became of them; idle ones were made while none came.",
            [
                (f'camera="{name}",what="{what}"', _count(channel, what))
                for name, channel in items
                for what in _COUNTS
            ],
        )  # fmt: skip
        for key, help_ in _TOTALS.items():
            values = [(f'camera="{name}"', _count(channel, key)) for name, channel in items]
            yield (f"passerby_{key}_total", "counter", help_, values)
        yield (
            "passerby_latency_seconds", "gauge", "From a frame's arrival to its publication.",
            each(lambda c: _count(c, "latency_ms") / 1000),
        )  # fmt: skip
        for key, help_ in _STEPS.items():
            values = [(f'camera="{name}"', _count(channel, key)) for name, channel in items]
            yield (f"passerby_{key}", "gauge", help_, values)
        yield (
            "passerby_receivers", "gauge", "Who receives from the built-in server.",
            each(lambda c: c.receivers),
        )  # fmt: skip
        yield (
            "passerby_targets", "gauge", "Where it is published to, by how each does.",
            [
                (f'camera="{name}",state="{state}"', count)
                for name, channel in items
                for state, count in _targets(channel)
            ],
        )  # fmt: skip
        if self.whips:
            values = [(f'camera="{name}"', int(there)) for name, there in self.whips.items()]
            told = "1 where it is connected to its WHIP server."
            yield ("passerby_whip_open", "gauge", told, values)
        more = {k for _, c in items for k, v in c.status.items() if _number(v)} - _KNOWN
        for key in sorted(more):
            values = [
                (f'camera="{name}"', channel.status[key])
                for name, channel in items
                if _number(channel.status.get(key))
            ]
            yield (f"passerby_{key}", "gauge", "As its name says.", values)


def _targets(channel: Channel) -> list[tuple[str, int]]:
    states = [target.get("state") for target in channel.status.get("targets", {}).values()]
    return [(state, states.count(state)) for state in ("connecting", "open", "lost")]


def _count(channel: Channel, key: str) -> int:
    value = channel.status.get(key, 0)
    return value if isinstance(value, int) else 0


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
