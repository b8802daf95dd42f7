"""What every test may ask for."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.attacker", "tests.footage"]

# Decoders and models warm up in a first example, so a deadline would only measure that. The same
# examples every time: a change is judged by itself, not by luck. `make explore` draws new ones.
_EXPLORE = os.environ.get("EXPLORE")
settings.register_profile(
    "passerby",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize=_EXPLORE is None,
    max_examples=int(_EXPLORE or 100),
)
settings.load_profile("passerby")
