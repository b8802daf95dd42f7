"""Silero VAD, which tells speech from other sound: as its authors publish it, out of their wheel.

MIT; https://github.com/snakers4/silero-vad. Why this one: docs/decisions/speech.md.
"""

from __future__ import annotations

from weights import Published

ORIGIN = """Silero VAD, by the Silero Team, out of the wheel silero-vad 6.2.3. Its licence follows.

"""


def unchanged(model: bytes) -> bytes:
    return model


SILERO = Published(
    name="silero",
    licence="MIT",
    wheel="silero_vad-6.2.3-py3-none-any.whl",
    wheel_sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
    member="silero_vad/data/silero_vad_16k_sequence.onnx",
    member_sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
    notice="silero_vad-6.2.3.dist-info/licenses/LICENSE",
    origin=ORIGIN,
    changes=(),
    made=unchanged,
)
