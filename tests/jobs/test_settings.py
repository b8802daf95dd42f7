"""Settings are resolved once: defaults, then a file, then what was said on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from passerby.core.errors import UsageError
from passerby.core.schedule import Style
from passerby.jobs import Settings, default_output, is_media


def test_the_defaults_keep_nothing_and_nobody() -> None:
    settings = Settings()
    assert settings.style.keeps_nothing
    assert settings.voice == "mute"
    assert settings.verify
    assert settings.kinds == ("face",)
    assert settings.not_looked_for == ("plates", "text", "people")


def test_any_kinds_can_be_hidden_together() -> None:
    settings = Settings(hide=("text", "faces", "plates", "text"))
    assert settings.kinds == ("text", "face", "plate")
    assert settings.not_looked_for == ("people",)
    assert Settings(hide=("people", "text")).not_looked_for == ("faces", "plates")


@pytest.mark.parametrize(
    ("given", "sought"),
    [
        ({}, False),
        ({"preset": "thorough"}, True),
        ({"preset": "thorough", "heads": False}, False),
        ({"heads": True}, True),
        ({"heads": True, "hide": ("people",)}, False),
    ],
)
def test_heads_are_sought_when_asked_and_in_thorough_and_never_without_faces(
    given: dict[str, Any], sought: bool
) -> None:
    assert Settings(**given).seeks_heads == sought


def test_the_spot_beats_the_file_and_the_file_beats_the_defaults(tmp_path: Path) -> None:
    toml = tmp_path / "passerby.toml"
    toml.write_text('style = "solid"\ncrf = 30\nhide = ["faces"]\n')
    settings = Settings.load(toml, crf=25, preset=None, style=None)
    assert (settings.style, settings.crf, settings.preset) == (Style.SOLID, 25, "balanced")
    assert settings.model_fields_set == {"style", "crf", "hide"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"hide": ("ghosts",)}, "'ghosts'; any of: faces, plates, text, people"),
        ({"hide": ()}, "hide"),
        ({"style": "swirl"}, "style"),
        ({"crf": 64}, "crf"),
        ({"crf": "good"}, "crf"),
        ({"encoder_preset": "slow; rm"}, "encoder_preset"),
        ({"colour": "red"}, "colour"),
        ({"voice": "squeak"}, "voice"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Settings.load(**given)


@pytest.mark.parametrize(
    ("text", "says"),
    [("crf = ", "not TOML"), ("[veil]\n", "veil"), ('hide = ["ghosts"]', "nothing known")],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    toml = tmp_path / "passerby.toml"
    toml.write_text(text)
    with pytest.raises(UsageError, match=says):
        Settings.load(toml)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        Settings.load(tmp_path / "none.toml")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().crf = 3  # type: ignore[misc]  # what must not be possible


@pytest.mark.parametrize("preset", ["fast", "balanced", "thorough"])
def test_a_preset_names_an_encoder_speed_that_can_be_overruled(preset: str) -> None:
    assert Settings.load(preset=preset).encoder_speed in {"veryfast", "faster", "medium"}
    assert Settings.load(preset=preset, encoder_preset="slow").encoder_speed == "slow"


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("clip.mp4", "clip.redacted.mp4"),
        ("CLIP.MP4", "CLIP.redacted.MP4"),
        ("a.b.mov", "a.b.redacted.mov"),
        ("old.avi", "old.redacted.mp4"),
        ("cam.MTS", "cam.redacted.mp4"),
        ("photo.jpeg", "photo.redacted.jpeg"),
        ("page.webm", "page.redacted.webm"),
    ],
)
def test_outputs_are_named_after_their_inputs(name: str, out: str) -> None:
    assert default_output(Path("in") / name) == Path("in") / out
    assert default_output(Path("in") / name, Path("to")) == Path("to") / out


def test_what_we_made_is_not_made_again() -> None:
    assert is_media(Path("clip.MP4"))
    assert is_media(Path("photo.jpg"))
    assert not is_media(Path("clip.redacted.mp4"))
    assert not is_media(Path("notes.txt"))
    assert not is_media(Path("clip.redacted.mp4.partial"))


def test_a_file_of_settings_may_name_the_policy_that_it_starts_from(tmp_path: Path) -> None:
    toml = tmp_path / "passerby.toml"
    toml.write_text('policy = "publish"\nstyle = "solid"\n')
    settings = Settings.load(toml)
    assert (settings.kinds, settings.style.value) == (("face", "plate"), "solid")
    assert Settings.load(toml, policy="screen-recording").kinds == ("face", "text")
    (tmp_path / "own.toml").write_text('hide = ["people"]\n')
    toml.write_text('policy = "own.toml"\n')
    assert Settings.load(toml).kinds == ("person",)
    toml.write_text("policy = 3\n")
    with pytest.raises(UsageError, match="policy"):
        Settings.load(toml)


def test_sizes_stay_of_kinds_that_are_not_named_again(tmp_path: Path) -> None:
    policy, toml = tmp_path / "own.toml", tmp_path / "s.toml"
    policy.write_text("[smallest]\nfaces = 30\ntext = 20\n")
    toml.write_text("[smallest]\nfaces = 8\n")
    told = Settings.load(toml, policy=policy, smallest={"plates": 12.0})
    assert told.smallest == {"faces": 8, "text": 20, "plates": 12}
    assert Settings.load(toml, policy=policy, smallest=16.0).smallest["text"] == 16
    toml.write_text("smallest = 24\n")
    told = Settings.load(toml, smallest={"plates": 12.0})
    assert told.smallest == {"faces": 24, "plates": 12, "text": 24, "people": 24}
    toml.write_text('smallest = "big"\n')
    with pytest.raises(UsageError, match="smallest"):
        Settings.load(toml)


def test_detectors_stay_of_kinds_that_are_not_named_again(tmp_path: Path) -> None:
    toml = tmp_path / "s.toml"
    toml.write_text('hide = ["faces", "plates"]\ndetector = ["faces=a.v1:f.onnx", "plates=b.v1"]\n')
    assert Settings.load(toml, detector=["plates=c.v2"]).detector == (
        "faces=a.v1:f.onnx",
        "plates=c.v2",
    )
    with pytest.raises(UsageError, match="one kind has two"):
        Settings.load(toml, detector=["plates=c.v2", "plates=d.v1"])
