"""Look at the built site: every page is there, and nothing of it is fetched from elsewhere.

python tools/site.py SITE
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
FETCHED = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"']?(https?:)?//[^>]*>"
)
HARMLESS = re.compile(r"rel=[\"']?(?:canonical|alternate|edit)")
IN_STYLES = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import\s+[\"'](?:https?:)?//")


def main() -> int:
    site = Path(sys.argv[1])
    wrong = [*fetched(site), *missing(site)]
    print("\n".join(wrong) or "every page is there, and nothing is fetched from elsewhere")
    return 1 if wrong else 0


def fetched(site: Path) -> Iterator[str]:
    for page in sorted(site.rglob("*.html")):
        for found in FETCHED.finditer(page.read_text("utf-8")):
            if not HARMLESS.search(found[0]):
                yield f"{page.relative_to(site)}: {found[0]}"
    for style in sorted(site.rglob("*.css")):
        if IN_STYLES.search(style.read_text("utf-8")):
            yield f"{style.relative_to(site)}: fetches from elsewhere"


def missing(site: Path) -> Iterator[str]:
    for source in DOCS.rglob("*.md"):
        name = source.relative_to(DOCS).with_suffix("")
        place = name.parent if name.name == "README" else name
        if not (site / place / "index.html").exists():
            yield f"{source.relative_to(DOCS)}: has no page"


if __name__ == "__main__":
    sys.exit(main())
