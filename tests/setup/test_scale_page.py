"""What the page says of a million clips is what the model reckons."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent.parent


def model() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale_model", ROOT / "benchmarks" / "scale.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_table_of_the_page_is_the_model_s_and_the_slowest_part_decides() -> None:
    scale = model()
    assert "\n".join(scale.table()) in (ROOT / "docs/reference/scale.md").read_text()
    one = scale.hours(scale.Figures(), 1, 16)
    ten = scale.hours(scale.Figures(), 10, 16)
    assert one.limit == ten.limit == "cores"
    assert 9.9 < one.cores / ten.cores <= 10
    assert scale.hours(scale.Figures(storage=1.0), 10, 16).limit == "storage"
