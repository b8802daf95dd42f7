"""The JSON Schema of a plan, for other programs: ``python -m passerby.plan.schema.generate``."""

from __future__ import annotations

import json
import sys

from ..document import Document


def schema() -> str:
    """The text of ``plan-1.json``."""
    return json.dumps(Document.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
