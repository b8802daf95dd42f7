"""Jobs in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from passerby.jobs.tasks import models_kept


@pytest.fixture(autouse=True, scope="module")
def _models() -> Iterator[None]:
    """Each model is loaded once for all tests of a file, as a batch does for all its files."""
    with models_kept():
        yield
