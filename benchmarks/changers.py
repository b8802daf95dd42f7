"""Two ways in which other programs disguise voices, written for comparison: not for use.

Waves are float32 (n,) at 16 kHz. Each change of a recording draws its own strength.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]
Real = NDArray[np.float64]

_FRAME: Final = 320  # samples: 20 ms
_ORDER: Final = 20  # of linear prediction
_ROOM: Final = 1024  # for what a filter lets ring
_FFT: Final = 1024  # of the phase vocoder
_HOP: Final = 128


def mcadams(wave: Wave, power: float) -> Wave:
    """The angles of the poles of linear prediction, raised to `power`: formants move.

    Patino and others, "Speaker anonymisation using the McAdams coefficient", 2021, one of the
    VoicePrivacy Challenge's own. Each frame is filtered by what was and what becomes of it.
    """
    hop = _FRAME // 2
    window = np.sin(np.pi * (np.arange(_FRAME) + 0.5) / _FRAME)
    held = np.pad(wave.astype(np.float64), (hop, _FRAME))
    out = np.zeros(len(held) + _ROOM)
    for start in range(0, len(held) - _FRAME + 1, hop):
        frame = held[start : start + _FRAME] * window
        before = predicted(frame)
        roots = np.roots(before)
        angles = np.angle(roots)
        moved = np.sign(angles) * np.abs(angles) ** power
        there = np.abs(np.imag(roots)) > 1e-9  # a pole on the real axis stays
        roots = np.abs(roots) * np.exp(1j * np.where(there, np.clip(moved, -np.pi, np.pi), angles))
        after = np.real(np.poly(roots))
        whole = np.fft.rfft(frame, _ROOM) * np.fft.rfft(before, _ROOM) / np.fft.rfft(after, _ROOM)
        part = np.fft.irfft(whole, _ROOM)[:_FRAME] * window
        out[start : start + _FRAME] += part
    return as_loud(out[hop : hop + len(wave)], wave)


def predicted(frame: Real) -> Real:
    """The inverse filter of linear prediction, by autocorrelation (Levinson and Durbin)."""
    power = np.correlate(frame, frame, "full")[len(frame) - 1 :][: _ORDER + 1]
    power[0] = power[0] * (1 + 1e-6) + 1e-9
    filter_, error = np.array([1.0]), power[0]
    for order in range(1, _ORDER + 1):
        reflected = -(filter_ @ power[order:0:-1]) / error
        longer = np.append(filter_, 0.0)
        filter_ = longer + reflected * longer[::-1]
        error *= 1 - reflected**2
    return filter_


def pitched(wave: Wave, semitones: float) -> Wave:
    """As high as if it were played faster, and as long as before: a phase vocoder, then resampling.

    Flanagan and Golden, "Phase Vocoder", 1966. Formants move with the pitch, as in most programs.
    """
    ratio = 2 ** (semitones / 12)
    longer = stretched(wave.astype(np.float64), ratio)
    places = np.arange(len(wave)) * ratio
    return as_loud(np.interp(places, np.arange(len(longer)), longer), wave)


def stretched(wave: Real, ratio: float) -> Real:
    """`ratio` times as long, as high as before."""
    window = np.hanning(_FFT + 1)[:-1]
    held = np.pad(wave, _FFT)
    count = int((len(held) - _FFT - _HOP) / _HOP * ratio)
    out, size = np.zeros(count * _HOP + _FFT), np.zeros(count * _HOP + _FFT)
    turn = 2 * np.pi * _HOP * np.arange(_FFT // 2 + 1) / _FFT
    phase = np.angle(np.fft.rfft(held[:_FFT] * window))
    for number in range(count):
        at = int(number * _HOP / ratio)
        one = np.fft.rfft(held[at : at + _FFT] * window)
        other = np.fft.rfft(held[at + _HOP : at + _HOP + _FFT] * window)
        part = np.fft.irfft(np.abs(one) * np.exp(1j * phase)) * window
        out[number * _HOP : number * _HOP + _FFT] += part
        size[number * _HOP : number * _HOP + _FFT] += window**2
        off = np.angle(other) - np.angle(one) - turn
        phase = phase + turn + off - 2 * np.pi * np.round(off / (2 * np.pi))
    return (out / np.maximum(size, 1e-3))[round(_FFT * ratio) :]


def faster(wave: Wave, ratio: float) -> Wave:
    """Played `ratio` times as fast: higher, shorter, with other formants. Somebody else, nearly."""
    places = np.arange(int(len(wave) / ratio)) * ratio
    return np.interp(places, np.arange(len(wave)), wave).astype(np.float32)


def as_loud(made: Real, wave: Wave) -> Wave:
    size = np.sqrt((made**2).mean()) + 1e-9
    return np.asarray(made / size * np.sqrt((wave**2).mean()), np.float32)
