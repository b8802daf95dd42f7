"""What every test may ask for."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.attacker", "tests.footage"]

# Decoders and models warm up in a first example, so a deadline would only measure that.
settings.register_profile(
    "passerby", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("passerby")
