"""A strict reader of the report's page: what a browser would mend silently is an error here."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "img", "br"}  # of HTML; inside a drawing each tag may close itself
INSIDE = {
    "li": {"ul", "ol"}, "dt": {"dl"}, "dd": {"dl"}, "tr": {"thead", "tbody"},
    "th": {"tr"}, "td": {"tr"}, "figcaption": {"figure"}, "summary": {"details"},
}  # fmt: skip


@dataclass
class Tag:
    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Reader(HTMLParser):
    """`tags` in order of their beginning; each knows the text directly or further inside it."""

    tags: list[Tag] = field(default_factory=list)
    open: list[Tag] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag}>"
        if tag in INSIDE:
            assert self.open[-1].name in INSIDE[tag], f"<{tag}> in <{self.open[-1].name}>"
        now = Tag(tag, {name: value or "" for name, value in attrs})
        self.tags.append(now)
        if tag not in VOID:
            self.open.append(now)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        drawn = any(around.name == "svg" for around in self.open)
        assert drawn, f"<{tag}/> is not closed for a browser"
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().name == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            tag.text += data

    def all(self, name: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name == name]

    def pictures(self) -> list[bytes]:
        head = "data:image/jpeg;base64,"
        assert all(tag.attributes["src"].startswith(head) for tag in self.all("img"))
        return [b64decode(tag.attributes["src"][len(head) :]) for tag in self.all("img")]


def read(page: str) -> Reader:
    """The page, if it is well formed and keeps to what a report may hold."""
    assert page.startswith("<!DOCTYPE html>\n")
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open, f"never closed: {[tag.name for tag in reader.open]}"
    nothing_from_elsewhere(page, reader)
    readable(reader)
    return reader


def nothing_from_elsewhere(page: str, reader: Reader) -> None:
    forbidden = {"script", "link", "iframe", "object", "embed", "form", "a", "base", "video", "use"}
    assert not forbidden & {tag.name for tag in reader.tags}
    for tag in reader.tags:
        for name, value in tag.attributes.items():
            assert name not in ("href", "xlink:href", "srcset", "style", "action"), name
            assert not name.startswith("on"), name
            assert name != "src" or value.startswith("data:image/jpeg;base64,")
    [style] = reader.all("style")
    assert "@import" not in style.text
    assert style.text.count("url(") == style.text.count("url(#hatch)")
    policies = [tag for tag in reader.all("meta") if "http-equiv" in tag.attributes]
    [policy] = [tag.attributes["content"] for tag in policies]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "http:" not in page
    assert "https:" not in page


def readable(reader: Reader) -> None:
    """What a screen reader needs."""
    [root] = reader.all("html")
    assert root.attributes["lang"] == "en"
    assert reader.all("title")[0].text.strip()
    assert len(reader.all("main")) == 1
    levels = [int(t.name[1]) for t in reader.tags if t.name in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(len(tag.attributes["alt"]) > 10 for tag in reader.all("img"))
    assert all(tag.attributes.get("scope") in ("col", "row") for tag in reader.all("th"))
    for tag in reader.all("svg"):
        drawn = tag.attributes.get("aria-hidden") == "true" or "x" in tag.attributes
        assert drawn or (tag.attributes["role"] == "img" and tag.attributes["aria-label"])
    ids = [tag.attributes["id"] for tag in reader.tags if "id" in tag.attributes]
    assert len(ids) == len(set(ids))
    for tag in reader.tags:  # what scrolls can be reached and has a name
        if "tabindex" in tag.attributes:
            assert tag.attributes["role"] == "region"
            assert tag.attributes["aria-label"]
