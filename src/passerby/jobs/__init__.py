"""Where the rooms are introduced to each other: the Python API."""

from .doctor import DoctorReport, doctor
from .footage import redact, scan
from .naming import default_output, is_media, is_photo, is_seen, same_name, told_apart, unchanged
from .provenance import Proofs, proofs
from .report import Finding, NotHandedOver, Report, Verification
from .retelling import subtitles
from .settings import Settings
from .transcribing import Transcribed, transcribe
from .verify import verify

__all__ = [
    "DoctorReport",
    "Finding",
    "NotHandedOver",
    "Proofs",
    "Report",
    "Settings",
    "Transcribed",
    "Verification",
    "default_output",
    "doctor",
    "is_media",
    "is_photo",
    "is_seen",
    "proofs",
    "redact",
    "same_name",
    "scan",
    "subtitles",
    "told_apart",
    "transcribe",
    "unchanged",
    "verify",
]
