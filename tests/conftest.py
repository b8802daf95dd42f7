"""What every test may ask for."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler.loadfile import LoadFileScheduling
from xdist.workermanage import WorkerController

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


class Steadfast(LoadFileScheduling):  # type: ignore[misc]  # without types
    """Goes on where two workers die at nearly the same time; xdist 3.8 ends with an error there.

    It takes one that is still collecting for one that has collected, and hands out what was done
    (issues 1189, 1323 and 1362 of pytest-xdist). A test in which a worker died has failed, and is
    not run again by the next one.
    """

    def remove_node(self, node: WorkerController) -> str | None:
        work = self.assigned_work.pop(node)
        if not self._pending_of(work):
            return None
        self.registered_collections.pop(node, None)
        unit, fatal = next((u, test) for u in work.values() for test in u if not u[test])
        unit[fatal] = True
        self.workqueue.update({k: u for k, u in work.items() if not all(u.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return str(fatal)

    def _reschedule(self, node: WorkerController) -> None:
        if node in self.registered_collections:
            super()._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Any:
    return Steadfast(config, log) if config.getvalue("dist") == "loadfile" else None
