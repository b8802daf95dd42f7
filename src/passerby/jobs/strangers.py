"""Styles, disguises and sources by others: opened by name, and checked in all that they give."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import PasserbyError, PluginError
from ..core.sound import Samples, Treatment, Treatments
from ..redact.drawing import Draws
from . import plugins


def open_style(name: str) -> Draws:
    """What draws on covers. Whatever else it gives than a drawing of the size that was asked for is
    a `PluginError`."""
    draws = plugins.loaded("style", name)

    def checked(width: int, height: int, kind: str) -> NDArray[np.uint8]:
        drawing = _asked(lambda: draws(width, height, kind), "style", name)
        shape = (height, width, 2)
        if not isinstance(drawing, np.ndarray) or drawing.dtype != np.uint8:
            raise PluginError(f"the style {name} gives no picture of uint8")
        if drawing.shape != shape:
            raise PluginError(f"the style {name} gives {drawing.shape}, not {shape}")
        return np.array(drawing)

    return checked


def open_disguise(name: str) -> Treatments:
    """What changes voices, for each track of sound."""
    factory = plugins.loaded("disguise", name)

    def opened(rate: int, channels: int) -> Treatment:
        treatment = _asked(lambda: factory(rate, channels), "disguise", name)
        return CheckedTreatment(treatment, name, channels)

    return opened


def source(name: str, address: str = "") -> Iterator[tuple[Fraction, NDArray[np.uint8]]]:
    """Pictures from wherever a plug-in gets them, for `redact_frames`: pairs of seconds, rising,
    and RGB uint8 (height, width, 3). `address`: what it wants to know, such as a folder.

    `PluginError` when it fails; `UsageError` when there is none of that name.
    """
    factory = plugins.loaded("source", name)
    return _pictures(_asked(lambda: iter(factory(address)), "source", name), name)


def _pictures(pairs: Any, name: str) -> Iterator[tuple[Fraction, NDArray[np.uint8]]]:
    end = object()
    while (pair := _asked(lambda: next(pairs, end), "source", name)) is not end:
        try:
            at, picture = pair
            yield Fraction(at), np.asarray(picture)
        except (TypeError, ValueError):
            raise PluginError(f"the source {name} gives no pair of a time and a picture") from None


class CheckedTreatment:
    """A `Treatment` by others: as many samples must come out as went in, all of them numbers, and
    not the same ones: then nothing would be disguised."""

    def __init__(self, treatment: Treatment, name: str, channels: int) -> None:
        self._treatment, self._name, self._channels = treatment, name, channels
        self._came, self._went = hashlib.sha256(), hashlib.sha256()
        self._samples = self._loud = 0

    def take(self, sound: Samples, heard: Samples) -> Samples:
        self._came.update(np.ascontiguousarray(sound.T).tobytes())
        self._samples += sound.shape[1]
        self._loud += int(np.count_nonzero(sound))
        return self._given(lambda: self._treatment.take(sound, heard))

    def end(self) -> Samples:
        rest = self._given(self._treatment.end)
        if self._samples:
            raise PluginError(f"the disguise {self._name} gives too few samples back")
        if self._loud and self._came.digest() == self._went.digest():
            raise PluginError(f"the disguise {self._name} gives back what it took")
        return rest

    def notes(self) -> Sequence[str]:
        said = f"voices are changed by the plug-in {self._name}: what that is worth is not known"
        return (said,)

    def _given(self, made: Callable[[], Any]) -> Samples:
        sound = _asked(made, "disguise", self._name)
        if not isinstance(sound, np.ndarray) or sound.dtype != np.float32:
            raise PluginError(f"the disguise {self._name} gives no sound of float32")
        if sound.ndim != 2 or sound.shape[0] != self._channels:
            raise PluginError(f"the disguise {self._name} gives {sound.shape}: want channels first")
        if not np.isfinite(sound).all():
            raise PluginError(f"the disguise {self._name} gives what is no number")
        if sound.shape[1] > self._samples:
            raise PluginError(f"the disguise {self._name} gives too many samples back")
        self._samples -= sound.shape[1]
        self._went.update(np.ascontiguousarray(sound.T).tobytes())
        return sound


def _asked(call: Callable[[], Any], what: str, name: str) -> Any:
    """What others' code gives; its words, which may hold footage, stay with it."""
    try:
        return call()
    except PasserbyError:
        raise
    except Exception as error:  # it is others' code
        raise PluginError(f"the {what} {name} failed ({type(error).__name__})") from None
