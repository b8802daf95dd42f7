"""What somebody says, spoken by a voice that doesn't exist.

Sound is taken apart by WORLD (Morise, Yokomori, Ozawa 2016, doi:10.1587/transinf.2015EDP7457) into
pitch (DIO, StoneMask) and spectral envelope (CheapTrick), once in 5 ms. Of these, only what words
need is kept, brought to what is common to many speakers, moved to a target that was drawn, and
made into sound by pulses and noise. No sample of the original goes into the output.

Why so, and what it is worth: docs/decisions/disguise.md, docs/reference/voices.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..core.errors import UsageError
from ..core.sound import HEARD_RATE

Real = NDArray[np.float64]
Draw = Callable[[], float]  # evenly in [0, 1), from a source that nobody can foresee

STEP: Final = 80  # samples at `HEARD_RATE` from one frame to the next: 5 ms
_FFT: Final = 1024
_LOWEST, _HIGHEST = 65.0, 500.0  # Hz of pitch
_BANDS: Final = 28
_ENDS: Final = (np.float64(40), np.float64(7800))  # Hz between which bands lie
_SHAPES: Final = 12  # cosines over the bands that are kept of the envelope, its mean among them
_TARGETS: Final = (95.0, 190.0)  # Hz of pitch that a target may have
_INTONATION: Final = 0.2  # share of the ups and downs of pitch that is kept
_MOST_UP: Final = 0.25  # natural logarithm of the largest of those
_WARP: Final = 0.2  # by which formants of a target lie lower or higher, at most
_TRACT: Final = 0.25  # how formants go with pitch, from speaker to speaker, as a power
_LATE: Final = 2.4  # frames by which a moment may come early or late: 12 ms
_LATES: Final = 40  # frames from one to the next
_TILT: Final = 0.7  # natural logarithm of power, between the lowest and the highest band
_CONTEXT: Final = 1000  # frames before and after, over which a speaker's averages are taken
_NOISE: Final = 2.0  # times the power of what is always there is taken away
_FLOOR: Final = 0.03  # of a band's power is left at least
_LIFT: Final = 2.3  # natural logarithm of power by which a band is raised at most
_USUAL_PITCH: Final = 140.0


@dataclass(frozen=True, slots=True)
class Target:
    """A voice that was drawn. It is never stored, and means nothing without the sound.

    `pitch`: Hz. `warp`: times that formants are higher. `tilt`: natural logarithm of power, between
    the lowest and the highest band."""

    pitch: float
    warp: float
    tilt: float

    @classmethod
    def drawn(cls, draw: Draw) -> Target:
        low, high = _TARGETS
        return cls(
            pitch=low * (high / low) ** draw(),
            warp=float(np.exp(_WARP * (2 * draw() - 1))),
            tilt=_TILT * (2 * draw() - 1),
        )


def load_world() -> Any:
    """The vocoder's module; `UsageError` where it isn't installed."""
    try:
        import pyworld
    except ImportError:
        raise UsageError(
            "--voice disguise needs the package pyworld-prebuilt, which is not installed",
            hint="install Passerby anew as its README says, or leave the sound away (--voice mute)",
        ) from None
    return pyworld


class PseudoSpeaker:
    """Speaks what it is given, a window of one recording after the other, with one target.

    Windows may overlap, if they begin later and later. `draw` is asked for the target, and for how
    time drifts, which is the same wherever windows overlap.
    """

    def __init__(self, draw: Draw) -> None:
        self._world = load_world()
        self._target = Target.drawn(draw)
        self._late = _Drift(draw, _LATES)

    def spoken(self, sound: NDArray[np.float32], first: int) -> NDArray[np.float32]:
        """`sound` (n,) at `HEARD_RATE`, n > 0, of which the first sample is that of frame `first`
        of the recording; as long, spoken by the target."""
        clear = np.clip(np.nan_to_num(sound.astype(np.float64), posinf=1, neginf=-1), -1, 1)
        pitch, envelope = self._heard(clear)
        frames = np.arange(first, first + len(pitch))
        voiced = pitch > 0
        log_pitch = np.log(np.where(voiced, pitch, _USUAL_PITCH))
        usual = _around(log_pitch, voiced.astype(np.float64), np.log(_USUAL_PITCH))
        tract = np.exp(_TRACT * (usual - np.log(_USUAL_PITCH)))
        power = shaped(envelope, tract / self._target.warp, self._target.tilt)
        up = _MOST_UP * np.tanh(_INTONATION * (log_pitch - usual) / _MOST_UP)
        moved = np.where(voiced, self._target.pitch * np.exp(up), 0.0)
        late = np.clip(np.arange(len(frames)) + _LATE * self._late.at(frames), 0, len(frames) - 1)
        taken = np.rint(late).astype(np.int64)
        return self._said(moved[taken], power[taken], len(sound))

    def _heard(self, clear: Real) -> tuple[Real, Real]:
        """Pitch (frames,) in Hz, 0 where there is none, and power (frames, bins)."""
        span = {"f0_floor": _LOWEST, "f0_ceil": _HIGHEST, "frame_period": 1000 * STEP / HEARD_RATE}
        rough, moments = self._world.dio(clear, HEARD_RATE, **span)
        pitch = self._world.stonemask(clear, rough, moments, HEARD_RATE)
        power = self._world.cheaptrick(clear, pitch, moments, HEARD_RATE, fft_size=_FFT)
        return pitch, power

    def _said(self, pitch: Real, power: Real, count: int) -> NDArray[np.float32]:
        rough = np.where((pitch > 0)[:, None], _BREATH[None], 1 - 1e-6)
        period = 1000 * STEP / HEARD_RATE
        made = self._world.synthesize(pitch, power, rough, HEARD_RATE, period)[:count]
        return np.pad(np.nan_to_num(made), (0, count - len(made))).astype(np.float32)


def shaped(envelope: Real, warp: Real, tilt: float) -> Real:
    """The envelope as a target has it: coarse, without what is usual for the speaker or the room.

    `envelope`: power (frames, bins). `warp`: (frames,), how many times higher a formant lies in it
    than it will. Every frame keeps its power, less that of what is always there.
    """
    bands = envelope @ _BAND_OF.T
    always = np.percentile(bands, 8, axis=0)
    least = 1e-7 * bands.max(initial=0) + 1e-13
    logs = np.log(np.maximum(bands - _NOISE * always, _FLOOR * bands) + least)
    level = logs.mean(axis=1, keepdims=True)
    loud = np.clip(level[:, 0] - level.min(), 0, None) / max(np.ptp(level), 1e-6)
    shape = _stretched(logs - level, warp)
    usual = _around(shape, loud**2, _USUAL_SHAPE)
    apart: Real = shape - usual
    spread = np.sqrt(_around(apart**2, loud**2, _USUAL_SPREAD**2))
    raised = np.minimum(_USUAL_SHAPE - usual, _LIFT)
    moved = apart * np.clip(_USUAL_SPREAD / spread, 0.3, 3) + usual + raised
    kept = (moved @ _COSINES.T) @ _COSINES + np.linspace(tilt / 2, -tilt / 2, _BANDS)
    power = np.exp(np.clip(level + kept, -60, 60))
    wanted = (np.exp(logs) @ _WIDTHS)[:, None]
    power *= wanted / np.maximum(power @ _WIDTHS, 1e-300)[:, None]
    return np.asarray(np.exp(np.log(power + 1e-30) @ _BIN_OF.T))


class _Drift:
    """A number between -1 and 1 that drifts at random, the same when a frame is asked for again."""

    def __init__(self, draw: Draw, apart: int) -> None:
        self._draw, self._apart = draw, apart
        self._base, self._knots = 0, [2 * draw() - 1]

    def at(self, frames: NDArray[np.int64]) -> Real:
        """At each of `frames`, in order; those before the first are never asked for again."""
        gone = int(frames[0]) // self._apart - self._base
        ends = int(frames[-1]) // self._apart + 2 - self._base
        self._knots += [2 * self._draw() - 1 for _ in range(ends - len(self._knots))]
        del self._knots[:gone]
        self._base += gone
        places = np.arange(self._base, self._base + len(self._knots)) * self._apart
        return np.interp(frames, places, self._knots)


def _around(values: Real, weight: Real, otherwise: Any) -> Real:
    """The mean of `values` (frames, ...) within `_CONTEXT` frames before and after each, by
    `weight` (frames,); `otherwise` where nothing has any."""
    wide = (-1,) + (1,) * (values.ndim - 1)
    little = 1e-3
    total = _summed(values * weight.reshape(wide)) + little * otherwise
    return np.asarray(total / (_summed(weight) + little).reshape(wide))


def _summed(values: Real) -> Real:
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    place = np.arange(len(values))
    ends = np.minimum(place + _CONTEXT + 1, len(values))
    return np.asarray(sums[ends] - sums[np.maximum(place - _CONTEXT, 0)])


def _stretched(shape: Real, warp: Real) -> Real:
    """Each row of bands, as it is `warp` times higher."""
    pitch = _mel(np.clip(_CENTRES[None] * warp[:, None], _CENTRES[0], _CENTRES[-1]))
    first, step = _mel(_CENTRES[:1])[0], np.diff(_mel(_CENTRES[:2]))[0]
    place = np.clip((pitch - first) / step, 0, _BANDS - 1)
    low = np.minimum(place.astype(np.int64), _BANDS - 2)
    part = place - low
    below, above = (np.take_along_axis(shape, low + k, axis=1) for k in (0, 1))
    return np.asarray(below * (1 - part) + above * part)


def _mel(hertz: Real | np.float64) -> Real:
    return np.asarray(1127 * np.log1p(hertz / 700))


def _hertz(mel: Real) -> Real:
    return np.asarray(700 * np.expm1(mel / 1127))


def _bands() -> tuple[Real, Real, Real]:
    """Frequencies at which bands peak, how much of each bin is in each band (bands, bins), and of
    each band in each bin (bins, bands)."""
    bins = np.arange(_FFT // 2 + 1) * HEARD_RATE / _FFT
    edges = _hertz(np.linspace(_mel(_ENDS[0]), _mel(_ENDS[1]), _BANDS + 2))
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    inside = np.maximum(0, np.minimum(rising, falling))
    place = np.interp(_mel(bins), _mel(edges[1:-1]), np.arange(_BANDS))
    back = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(_BANDS)))
    return edges[1:-1], inside / inside.sum(axis=1, keepdims=True), back


_CENTRES, _BAND_OF, _BIN_OF = _bands()
_WIDTHS: Final = _BIN_OF.sum(axis=0)  # bins of a band
_COSINES: Final = np.cos(np.pi / _BANDS * np.arange(_SHAPES)[:, None] * (np.arange(_BANDS) + 0.5))
_COSINES[0] *= np.sqrt(1 / _BANDS)
_COSINES[1:] *= np.sqrt(2 / _BANDS)
# Of seven people who read aloud, as natural logarithms of power: the mean of each band of speech,
# beside that of all bands, and by how much it goes up and down.
# fmt: off
_USUAL_SHAPE: Final = np.array([
    4.0, 4.0, 4.0, 3.85, 3.65, 3.1, 2.25, 1.4, 0.75, 0.3, 0.05, 0.0, -0.1, -0.45,
    -0.7, -0.9, -0.85, -0.7, -1.05, -1.55, -1.7, -1.95, -2.45, -2.95, -3.5, -3.7, -3.65, -3.65,
])
_USUAL_SPREAD: Final = np.array([
    2.2, 2.2, 2.25, 2.25, 2.15, 2.05, 2.1, 2.2, 2.15, 2.2, 2.25, 2.2, 2.05, 1.85,
    1.7, 1.65, 1.65, 1.6, 1.65, 1.65, 1.85, 2.1, 2.15, 2.45, 2.65, 2.75, 2.65, 2.6,
])
# fmt: on
# How much of a voiced sound is noise, from 0 Hz on: no speaker's own.
_BREATH: Final = np.clip(0.02 + 0.9 * (np.arange(_FFT // 2 + 1) / (_FFT // 2)) ** 1.5, 0, 0.98)
