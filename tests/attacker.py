"""The attacker's embedders for tests: the real ones, or a skip that says how to get them."""

from __future__ import annotations

import pytest

from passerby.core.errors import UsageError
from passerby.core.ports import Embedder, VoiceEmbedder
from passerby.detect.embedder import open_embedder
from passerby.detect.voice_embedder import open_voice_embedder


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    try:
        return open_embedder()
    except UsageError as error:
        pytest.skip(f"{error}; `make attack` installs it")


@pytest.fixture(scope="session")
def voice_embedder() -> VoiceEmbedder:
    try:
        return open_voice_embedder()
    except UsageError as error:
        pytest.skip(f"{error}; `make attack` installs it")
