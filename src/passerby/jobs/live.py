"""One camera, live: opened, looked at, hidden and published until somebody stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from ..core.errors import PasserbyError, UsageError
from ..core.frame import Frame
from ..core.freed import Freed, large_apart
from ..core.geometry import Size
from ..core.live import Arrival, LivePlanner
from ..core.ports import Detector
from ..core.schedule import Style
from ..core.undumped import no_dumps
from ..detect.census import open_census
from ..engine.live import Live
from ..engine.pace import SHARE
from ..media import srt
from ..media.camera import PATIENCE, Camera
from ..media.publish import Publisher, Tap
from ..media.recording import Retention, check_folder
from ..plan import Edit, FollowingPlanner, Policy
from ..redact import Paint
from . import finders
from .account import policy_of
from .gauges import Gauges
from .live_settings import LiveSettings
from .wishes import Footing, edits_of

EVERY: Final = 1.0  # seconds between two statuses


@dataclass(frozen=True, slots=True)
class Logins:
    """`USER:PASSWORD` for the camera and for the targets. Never shown."""

    camera: str | None = field(default=None, repr=False)
    targets: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """How a camera does, in numbers; no content. `state`: connecting, open, lost or ended.

    Of frames: `came` in; `shown`: published, with what is hidden; `covered`: a curtain was
    published; `thinned`: looked at and not published; `dropped`: left out; `idle`: curtains while
    nothing came. `latency_ms`: from
    arrival to publication. `reconnects` to the camera, `failures` of whoever looks, `stride`:
    one in so many frames is taken. `halvings`: how often what is published is halved,
    `thinning`: of the frames taken, one in so many is published, and `stretch`: frames may wait so
    many times as long as they usually may, because there is more than this machine can look at.
    `targets`: the state and reconnects of each. `numbers`: of the last whole minute, how many heads
    were hidden at once, people and vehicles in view where that is asked for; and whether the view
    is covered, moved or dark.
    """

    state: str
    why: str = ""
    came: int = 0
    shown: int = 0
    covered: int = 0
    thinned: int = 0
    dropped: int = 0
    idle: int = 0
    latency_ms: int = 0
    reconnects: int = 0
    failures: int = 0
    sections: int = 0
    stride: int = 1
    halvings: int = 0
    thinning: int = 1
    stretch: int = 1
    broken: int = 0
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        told = asdict(self)
        return {"passerby": "live/1", **told, **told.pop("numbers")}


def live(
    settings: LiveSettings,
    logins: Logins | None = None,
    *,
    stop: threading.Event | None = None,
    tell: Callable[[Status], None] = lambda status: None,
    tap: Tap | None = None,
    patience: float = PATIENCE,
) -> Status:
    """Publish until `stop` is set, the time is over or a file ends; `tell` hears of it each second.

    `tap` gets what is published besides the targets. `patience`: seconds for the first picture.
    From here on the process writes no core dump. Raises `StreamLost` where there never was a
    picture, `DetectorError`, `OutputError`. What was published before stays published.
    """
    no_dumps()
    large_apart()
    if tap is None and not settings.targets:
        raise UsageError("nothing says where it is published", hint="--to TARGET does")
    if settings.address.kind == "srt":
        srt.program()
    stop, logins = stop or threading.Event(), logins or Logins()
    for address in settings.targets:
        if address.kind == "folder":
            check_folder(address.path)
    eyes = _Eyes(settings)
    if _plays_a_film(settings):
        eyes.prepare(stop)
    camera = Camera(
        settings.address.with_login(logins.camera),
        transport=settings.transport,
        stop=stop,
        silence=settings.silence,
        patience=patience,
    )
    publisher = Publisher(
        [address.with_login(logins.targets) for address in settings.targets],
        speed=settings.encoder_speed,
        crf=settings.crf,
        retention=_retention(settings),
        tap=tap,
    )
    census = open_census(settings.device) if settings.count else None
    gauges = Gauges(_painter(settings), publisher, census)
    loop = Live(eyes.open, gauges, gauges, delay=settings.delay, stop=stop)
    done = threading.Event()

    def status(state: str) -> Status:
        return _status(state, camera, publisher, loop, gauges)

    def watch() -> None:
        freed = Freed()
        while not done.wait(EVERY):
            freed.tend()
            with suppress(OSError, RuntimeError):
                tell(status(camera.signal.state))

    teller = threading.Thread(target=watch, name="status", daemon=True)
    timer = None if settings.seconds is None else threading.Timer(settings.seconds, stop.set)
    teller.start()
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        loop.run(gauges.passing(camera.arrivals()))
        publisher.close()
        publisher.check()
    except PasserbyError:
        publisher.close()
        raise
    finally:
        done.set()
        if timer is not None:
            timer.cancel()
        teller.join(2)
    ended = status("ended")
    tell(ended)
    return ended


class _Eyes:
    """Opens who looks: models once, followers anew for each section, all anew after a failure."""

    def __init__(self, settings: LiveSettings) -> None:
        self._settings, self._zones = settings.finding, settings.zones
        self._address = settings.address
        self._horizon = SHARE * Fraction(settings.delay).limit_denominator(1000)
        self._ready = set[Size]()
        self._detectors: Sequence[Detector] = finders.open_detectors(self._settings)

    def open(self, arrival: Arrival, failed: bool) -> LivePlanner:
        settings = self._settings
        if failed:  # or still hanging in another thread: they are not touched again
            self._detectors = finders.open_detectors(settings)
            self._ready.clear()
        frame = arrival.frame
        self._make_ready(frame)
        finder = finders.video_finder(
            settings,
            arrival.clock,
            frame.size,
            horizon=self._horizon,
            detectors=self._detectors,
        )
        footing = Footing(frame.size, arrival.clock, frame.span.start, None, still=False)
        edits = edits_of(self._zones, (), (), footing)
        return _Watch(finder, policy_of(settings), edits)

    def prepare(self, stop: threading.Event) -> None:
        """Be ready before a film begins: it would not wait, and be covered until then."""
        camera = Camera(self._address, stop=stop)
        # What fails here fails again once it is played, and there it is covered or told.
        with suppress(Exception), closing(camera.arrivals()) as arrivals:
            first = next(arrivals, None)
            if first is not None:
                self._make_ready(first.frame)

    def _make_ready(self, frame: Frame) -> None:
        if frame.size not in self._ready:
            finders.make_ready(self._detectors, self._settings, frame)
            self._ready.add(frame.size)


class _Watch(FollowingPlanner):
    """A planner whose followers can be told to look less finely."""

    def __init__(self, finder: finders.Finder, policy: Policy, edits: Iterable[Edit]) -> None:
        super().__init__(finder.followers, policy, edits)
        self._finder = finder

    def coarser(self, halvings: int, stretch: int = 1) -> None:
        self._finder.coarser(halvings, stretch)


def _plays_a_film(settings: LiveSettings) -> bool:
    """Whether its beginning can be read twice, which that of a pipe can't."""
    address = settings.address
    return address.kind == "file" and Path(address.path).is_file()


def _painter(settings: LiveSettings) -> Paint:
    if settings.style is not Style.FIGURE:
        return Paint()
    from ..detect.silhouettes import open_silhouettes

    return Paint(silhouettes=open_silhouettes(settings.device))


def _retention(settings: LiveSettings) -> Retention:
    hours, gigabytes = settings.keep_hours, settings.keep_gigabytes
    return Retention(
        None if hours is None else hours * 3600,
        None if gigabytes is None else round(gigabytes * 1e9),
        settings.piece_seconds,
    )


def _status(state: str, camera: Camera, publisher: Publisher, loop: Live, gauges: Gauges) -> Status:
    counts, signal = loop.counts, camera.signal
    return Status(
        state=state,
        why=signal.why,
        came=counts.came,
        shown=counts.shown,
        covered=counts.covered,
        thinned=counts.thinned,
        dropped=counts.dropped,
        idle=counts.idle,
        latency_ms=round(1000 * counts.latency),
        reconnects=signal.restarts,
        failures=counts.failures,
        sections=counts.sections,
        stride=counts.stride,
        halvings=counts.halvings,
        thinning=counts.thinning,
        stretch=counts.stretch,
        broken=signal.broken,
        numbers=gauges.numbers(),
        targets={
            name: {
                "state": one.state,
                "sent": one.sent,
                "lost": one.lost,
                "reconnects": one.restarts,
            }
            for name, one in publisher.signals.items()
        },
    )
