"""What was asked for: one frozen model, resolved once, handed down in the piece each room needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ..core.detection import KINDS
from ..core.errors import UsageError
from ..core.schedule import Style
from . import policies, wishes
from .layers import laid

# What can be hidden today -> its kind.
AVAILABLE: Final = {"faces": "face", "plates": "plate", "text": "text", "people": "person"}
PLANNED: Final[dict[str, str]] = {}
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
SMALLEST: Final = (4.0, 1000.0)  # pixels: what may be asked for as the smallest size

PresetName = Literal["fast", "balanced", "thorough"]
Speed = Literal[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
]


@dataclass(frozen=True, slots=True)
class Preset:
    """What a preset means outside of detection: how hard the encoder tries."""

    encoder: Speed


PRESETS: Final[dict[PresetName, Preset]] = {
    "fast": Preset(encoder="veryfast"),
    "balanced": Preset(encoder="faster"),
    "thorough": Preset(encoder="medium"),
}


class Settings(BaseModel):
    """Everything a person can ask for, with defaults that hide faces beyond recovery."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hide: tuple[str, ...] = Field(
        ("faces",), description="What to hide: faces, plates, text, people.", min_length=1
    )
    heads: bool | None = Field(
        None,
        description="Hide the heads of people whose faces nobody saw; thorough does if not given.",
    )
    style: Style = Field(
        Style.VEIL,
        description="How: veil and solid keep nothing of it; mosaic and blur keep a little; "
        "figure keeps the pose of people.",
    )
    voice: Literal["mute", "retell", "disguise", "keep"] = Field(
        "mute",
        description="mute drops every audio track; retell has a synthetic voice speak a "
        "transcript; disguise makes casual recognition by ear harder and does not stop an analyst; "
        "keep leaves voices, which identify.",
    )
    synthesiser: str = Field(
        "espeak-ng",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="With retell: the plug-in that speaks.",
    )
    disguiser: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="With disguise: the plug-in that changes voices, instead of ours.",
    )
    drawing: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="The plug-in that draws on what is covered.",
    )
    mute_speech: bool = Field(
        False, description="With mute or retell: drop speech alone, and keep every other sound."
    )
    zone: tuple[str, ...] = Field(
        (), description="Places that are always hidden: X0,Y0,X1,Y1[@START-END]."
    )
    time: tuple[str, ...] = Field(
        (), description="Times at which the whole picture is hidden: START-END."
    )
    keep_zone: tuple[str, ...] = Field(
        (), description="Places in which people stay bare who were never outside."
    )
    camera_noise: Literal["keep", "reduce"] = Field(
        "keep",
        description="reduce weakens the pattern of noise that links pictures to one camera.",
    )
    preset: PresetName = Field(
        "balanced", description="How closely to look, and how hard the encoder tries."
    )
    codec: Literal["h264", "hevc", "av1", "vp9"] | None = Field(
        None, description="Codec of the video; one that plays in most places if not given."
    )
    encoder: str | None = Field(
        None,
        pattern=r"^[a-z0-9_-]{1,32}$",
        description="FFmpeg's name of the encoder, such as a hardware encoder's.",
    )
    crf: int | None = Field(
        None, ge=0, le=63, description="Quality on the codec's own scale, lower is better."
    )
    encoder_preset: Speed | None = Field(
        None, description="Speed of the encoder by x264's names; the preset decides if not given."
    )
    accept_damaged: bool = Field(
        False, description="Process what can be decoded of a damaged file, and say where it broke."
    )
    video_stream: int | None = Field(
        None, ge=0, description="Which of several films in one file; the others are dropped."
    )
    limit: int = Field(
        1, ge=1, le=1000, description="How many times more than usual a file may unpack to."
    )
    cover_frame_when: Literal["never", "unsure"] = Field(
        "never", description="unsure covers the whole picture where nobody could tell."
    )
    smallest: dict[str, float] = Field(
        {}, description="Height in pixels of the smallest face, plate, ... to search for."
    )
    keep_names: bool = Field(
        False, description="Outputs are called like their inputs, in another folder."
    )
    keep_mtime: bool = Field(
        False, description="Give the output the original's time of modification."
    )
    verify: bool = Field(True, description="Look at the finished file before handing it over.")
    detector: tuple[str, ...] = Field(
        (),
        description="Detectors of others instead of ours: KIND=NAME, or KIND=NAME:FILE, such as "
        "faces=own-yolo.v1:/models/face.onnx; passerby plugins lists the names.",
    )
    device: str = Field(
        "auto", pattern=r"^[A-Za-z0-9_.:-]{1,64}$", description="What runs the models."
    )

    @field_validator("hide")
    @classmethod
    def _known(cls, hide: tuple[str, ...]) -> tuple[str, ...]:
        for name in hide:
            if name in PLANNED:
                known = ", ".join(AVAILABLE)
                raise UsageError(f"hiding {name} is not available yet", hint=f"any of: {known}")
            if name not in AVAILABLE:
                names = ", ".join([*AVAILABLE, *PLANNED])
                raise UsageError(f"nothing known can hide {name!r}", hint=f"any of: {names}")
        return tuple(dict.fromkeys(hide))

    @field_validator("smallest", mode="before")
    @classmethod
    def _for_all(cls, smallest: Any) -> Any:
        """One number holds for all kinds."""
        plain = isinstance(smallest, int | float) and not isinstance(smallest, bool)
        return dict.fromkeys([*AVAILABLE, *PLANNED], smallest) if plain else smallest

    @field_validator("smallest")
    @classmethod
    def _sensible(cls, smallest: dict[str, float]) -> dict[str, float]:
        low, high = SMALLEST
        for name, size in smallest.items():
            if name not in AVAILABLE | PLANNED:
                names = ", ".join([*AVAILABLE, *PLANNED])
                raise UsageError(f"smallest: nothing known is {name!r}", hint=f"any of: {names}")
            if not low <= size <= high:
                raise UsageError(
                    f"smallest: {name} of {size:g} pixels can't be searched for",
                    hint=f"from {low:g} to {high:g}",
                )
        return smallest

    @field_validator("detector")
    @classmethod
    def _told_apart(cls, detector: tuple[str, ...]) -> tuple[str, ...]:
        hint = "write faces=NAME, or faces=NAME:FILE; passerby plugins lists the names"
        kinds = []
        for text in detector:
            kind, equals, asked = text.partition("=")
            name = asked.partition(":")[0]
            if not equals or kind not in AVAILABLE or not _NAME.fullmatch(name):
                raise UsageError(f"detector: {text!r} names no kind and plug-in", hint=hint)
            kinds.append(kind)
        if len(set(kinds)) != len(kinds):
            raise UsageError("detector: one kind has two", hint="one detector for each kind")
        return detector

    @field_validator("zone", "keep_zone")
    @classmethod
    def _zones(cls, zones: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for text in zones:
            wishes.parse_zone(text, _option(info))
        return tuple(dict.fromkeys(zones))

    @field_validator("time")
    @classmethod
    def _times(cls, times: tuple[str, ...]) -> tuple[str, ...]:
        for text in times:
            wishes.parse_time(text)
        return tuple(dict.fromkeys(times))

    @model_validator(mode="after")
    def _no_idle_detector(self) -> Self:
        for text in self.detector:
            name = text.partition("=")[0]
            if name not in self.hide and not (name == "people" and self.seeks_heads):
                raise UsageError(
                    f"detector: {name} are not to be hidden", hint=f"add {name} to --hide"
                )
        return self

    @model_validator(mode="after")
    def _no_idle_disguiser(self) -> Self:
        if self.disguiser is not None and self.voice != "disguise":
            raise UsageError("nobody is to be disguised", hint="add --voice disguise")
        return self

    @model_validator(mode="after")
    def _one_wish_for_speech(self) -> Self:
        if self.mute_speech and self.voice not in ("mute", "retell"):
            raise UsageError(
                f"voice {self.voice} lets speech be heard, and mute-speech takes it out",
                hint="--voice mute --mute-speech keeps all sound but speech",
            )
        return self

    @classmethod
    def load(
        cls, toml: Path | None = None, *, policy: str | Path | None = None, **overrides: Any
    ) -> Self:
        """Defaults, then the policy, the TOML file, and `overrides` but None, each over the one
        before; but zones and times that are to be hidden add up, and sizes and detectors stay of
        kinds that are not named again. The file may name a policy to start from, in a line of its
        own. `UsageError` if any is wrong."""
        given: dict[str, Any] = {}
        written = {} if toml is None else policies.read_toml(toml)
        named = written.pop("policy", None)
        if policy is None and toml is not None and named is not None:
            policy = policies.named_in(toml, named)
        if policy is not None:
            given = policies.read(policy)
            cls._of(given, str(policy))  # what is wrong with it is its own fault
        told = {k: v for k, v in overrides.items() if v is not None}
        for more in (written, told):
            given = laid(given, more, (*AVAILABLE, *PLANNED))
        return cls._of(given, toml)

    @classmethod
    def _of(cls, given: dict[str, Any], path: Path | str | None) -> Self:
        try:
            return cls(**given)
        except UsageError as error:
            error.path = error.path or path
            raise
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"]) or "settings"
            raise UsageError(f"{name}: {first['msg']}", path=path) from None

    @property
    def keeps_sound(self) -> bool:
        """Whether any sound of a film is left."""
        return self.voice != "mute" or self.mute_speech

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of detections to hide."""
        return tuple(AVAILABLE[name] for name in self.hide)

    def smallest_of(self, kind: str) -> float | None:
        """Pixels of the smallest thing of a kind to search for; None if nobody asked.

        Whoever looks for text looks for plates, too, where both are to be hidden.
        """
        also = ("plate",) if kind == "text" and "plate" in self.kinds else ()
        names = {known: name for name, known in (AVAILABLE | PLANNED).items()}
        asked = [self.smallest.get(names.get(one, "")) for one in (kind, *also)]
        return min((size for size in asked if size is not None), default=None)

    def detector_of(self, kind: str) -> str | None:
        """The plug-in that is to find things of `kind`, with what it wants to know; None: ours."""
        told = (text.partition("=") for text in self.detector)
        return next((asked for name, _, asked in told if AVAILABLE[name] == kind), None)

    @property
    def seeks_heads(self) -> bool:
        """Whether heads without a face are hidden as faces: nobody asks for that without faces."""
        asked = self.preset == "thorough" if self.heads is None else self.heads
        return asked and "face" in self.kinds

    @property
    def not_looked_for(self) -> tuple[str, ...]:
        """Names of the kinds of things that nobody looks for."""
        names = {kind: name for name, kind in (AVAILABLE | PLANNED).items()}
        return tuple(names[kind] for kind in KINDS if kind not in self.kinds)

    @property
    def encoder_speed(self) -> Speed:
        """The encoder's own preset."""
        return self.encoder_preset or PRESETS[self.preset].encoder

    def plain(self) -> dict[str, Any]:
        """Plain values, for plans and reports; without the places of files on this machine."""
        names = [text.partition(":")[0] for text in self.detector]
        return {**self.model_dump(mode="json"), "detector": names}


def check_style(style: Style, kinds: Iterable[str]) -> None:
    """`UsageError` where figures are asked for and nobody looks for people."""
    if style is Style.FIGURE and "person" not in kinds:
        raise UsageError(
            "a figure stands for a person, and people are not to be hidden",
            hint="hide people, too (--hide people,faces), or choose another style",
        )


def _option(info: ValidationInfo) -> str:
    """A field's name as people write it on the command line."""
    return (info.field_name or "").replace("_", "-")
