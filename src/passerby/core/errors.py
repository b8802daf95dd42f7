"""One tree of errors. Each says what, where and what to do next, and carries no footage.

Messages name files as the user gave them, and ticks; never tag values, recognised text or pixels.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from .time import Ticks


class PasserbyError(Exception):
    """Base of everything that Passerby raises on purpose."""

    code = "error"

    def __init__(
        self, what: str, *, path: Path | str | None = None, at: Ticks | None = None, hint: str = ""
    ) -> None:
        self.what, self.path, self.at, self.hint = what, path, at, hint
        super().__init__(what)

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path is not None else ""
        when = f" (at tick {self.at})" if self.at is not None else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{self.what}{when}{hint}"


class UsageError(PasserbyError):
    """The request makes no sense as given."""

    code = "usage"


class MediaError(PasserbyError):
    """The input can't be processed."""

    code = "media"


class Unreadable(MediaError):
    """Missing, no permission, empty, encrypted, or no media at all."""

    code = "media.unreadable"


class Truncated(MediaError):
    """The file ends, or breaks, before its own header says it should."""

    code = "media.truncated"


class Unsupported(MediaError):
    """A real media file of a kind that Passerby does not process."""

    code = "media.unsupported"


class StreamLost(MediaError):
    """A live stream went away."""

    code = "media.stream-lost"


class PlanError(PasserbyError):
    """A plan that is damaged, of another version, or made for other footage."""

    code = "plan"


class TranscriptError(PasserbyError):
    """A transcript that is damaged, was made for other footage, or was not reviewed.

    Names lines by their number, and never repeats a word of them."""

    code = "transcript"


class DetectorError(PasserbyError):
    """A detector can't be loaded or failed on a frame. The job fails: nothing is skipped."""

    code = "detector"


class PluginError(PasserbyError):
    """A plug-in other than a detector failed, or gave what makes no sense. The job fails."""

    code = "plug-in"


class CameraError(PasserbyError):
    """A camera on the network that was asked something did not answer as one does."""

    code = "camera"


class CameraSilent(CameraError):
    """Nobody answers at an address, or nobody on the whole network."""

    code = "camera.silent"


class CameraLogin(CameraError):
    """A camera wants a login, or another one than it was given."""

    code = "camera.login"


class OutputError(PasserbyError):
    """The output can't be written: it exists, it is the input, no space, no permission."""

    code = "output"


class Interrupted(PasserbyError):
    """The user, or the system, asked to stop."""

    code = "interrupted"


class VerificationFailed(PasserbyError):
    """The finished file was looked at and something was found."""

    code = "verification"


class WorkerLost(PasserbyError):
    """The process or machine that worked on a file went away, and so it did when tried again."""

    code = "worker"


def unforeseen(error: Exception) -> PasserbyError:
    """A mistake in Passerby: its kind and its place, not its words, which may quote the footage."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "passerby" in Path(frame.filename).parts] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
    return PasserbyError(
        f"a mistake in Passerby itself ({type(error).__name__} in {place})",
        hint="please report this line",
    )


def failure(error: PasserbyError) -> dict[str, Any]:
    """An error for scripts."""
    return {
        "code": error.code,
        "what": error.what,
        "path": None if error.path is None else str(error.path),
        "at": error.at,
        "hint": error.hint,
    }
