"""What one camera is asked for: a frozen model, resolved once. It holds no password."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..core.errors import UsageError
from ..core.schedule import Style
from ..media.addresses import Address, source, target
from . import wishes
from .settings import PresetName, Settings, Speed, check_style


class LiveSettings(BaseModel):
    """One camera, where it is published, and what is hidden."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(description="Where the pictures come from.", repr=False)
    to: tuple[str, ...] = Field((), description="Where they go: any number of places.", repr=False)
    hide: tuple[str, ...] = Field(
        ("faces",), description="What to hide: faces, plates, text, people.", min_length=1
    )
    style: Style = Field(Style.VEIL, description="How it is hidden.")
    preset: PresetName = Field("balanced", description="How closely to look.")
    device: str = Field("auto", description="What runs the models.")
    zones: tuple[str, ...] = Field((), description="Places that are always hidden: X0,Y0,X1,Y1.")
    smallest: float | dict[str, float] = Field(
        {}, description="Height in pixels of the smallest face, plate, ... to search for."
    )
    count: bool = Field(False, description="Count people and vehicles in view.")
    delay: float = Field(
        0.5, ge=0.2, le=10, description="Seconds from a frame's arrival to its publication."
    )
    transport: Literal["tcp", "udp"] = Field("tcp", description="How RTSP brings the pictures.")
    silence: float = Field(
        3.0, ge=0.5, le=60, description="Seconds without a picture after which a camera is lost."
    )
    seconds: float | None = Field(None, gt=0, description="End after so long.")
    encoder_speed: Speed = Field("ultrafast", description="How hard the encoder tries.")
    crf: int = Field(23, ge=0, le=51, description="Quality of the H.264, lower is better.")
    keep_hours: float | None = Field(None, gt=0, description="Recordings that are older go.")
    keep_gigabytes: float | None = Field(None, gt=0, description="If there is more, the oldest go.")
    piece_seconds: float = Field(60.0, ge=1, le=3600, description="How long one recording lasts.")

    @classmethod
    def of(cls, **given: Any) -> Self:
        """`UsageError` if anything is wrong; what is None is left at its default."""
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"]) or "settings"
            raise UsageError(f"{name}: {first['msg']}") from None

    @field_validator("zones")
    @classmethod
    def _timeless(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        for text in zones:
            if wishes.parse_zone(text).when is not None:
                raise UsageError(
                    f"zone: {text!r} speaks of time, and a camera's never begins or ends",
                    hint="leave out what follows the @",
                )
        return tuple(dict.fromkeys(zones))

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        _ = self.address, self.targets
        check_style(self.style, self.finding.kinds)
        return self

    @property
    def address(self) -> Address:
        return source(self.source)

    @property
    def targets(self) -> tuple[Address, ...]:
        return tuple(dict.fromkeys(target(one) for one in self.to))

    @property
    def finding(self) -> Settings:
        """For who looks and follows. Heads without faces need more look-ahead than there is."""
        return Settings(
            hide=self.hide,
            style=self.style,
            preset=self.preset,
            device=self.device,
            smallest=self.smallest,
            heads=False,
        )
