"""The attacker's embedder for tests: the real one, or a skip that says how to get it."""

from __future__ import annotations

import pytest

from passerby.core.errors import UsageError
from passerby.core.ports import Embedder
from passerby.detect.embedder import open_embedder


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    try:
        return open_embedder()
    except UsageError as error:
        pytest.skip(f"{error}; `make attack` installs it")
