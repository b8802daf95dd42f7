"""XML from strangers: read with bounds, and without what can be turned on a reader.

A document type is refused (entities that unfold to gigabytes, files of this machine read as
entities), and so are depth and number beyond what a camera has to say. Namespaces are dropped:
cameras disagree about prefixes, and no two elements that are asked for differ by namespace alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

DEPTH, ELEMENTS = 64, 20_000
TEXT = 512  # characters of any text that is taken from a camera


class NotUnderstood(Exception):
    """No XML, or XML that is refused; says why, and nothing of it."""


def read(data: bytes) -> Element:
    """The root element of `data`, names without namespaces. Raises NotUnderstood."""
    builder, depth, count = TreeBuilder(), 0, 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > DEPTH or count > ELEMENTS:
            raise NotUnderstood("too much of it")
        builder.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(name))

    def doctype(*_: object) -> None:
        raise NotUnderstood("a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        raise NotUnderstood("no XML") from error


def every(root: Element, name: str) -> Iterator[Element]:
    """All elements of that name, `root` among them, in the order in which they come."""
    return root.iter(name)


def first(root: Element | None, *names: str) -> Element | None:
    """Down the path of `names`, each anywhere below the one before."""
    for name in names:
        root = None if root is None else next((e for e in root.iter(name) if e is not root), None)
    return root


def text(root: Element | None, *names: str) -> str:
    """The text at the end of that path, without what could redraw a terminal; else nothing."""
    found = first(root, *names) if names else root
    return plain((found.text or "") if found is not None else "")


def plain(words: str) -> str:
    """What a stranger said, on one line, not longer than `TEXT`."""
    return "".join(c if c.isprintable() else " " for c in words[:TEXT]).strip()


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
