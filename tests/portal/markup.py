"""What a browser would take for more than text in a page."""

from __future__ import annotations

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not str(given.get("src")).startswith("/web/static/"):
            self.found.append("script")
        if given.get("src") == "x" or str(given.get("href", "")).lower().startswith("javascript:"):
            self.found.append(f"{tag} {given}")
        self.found += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]


def alive(page: str) -> list[str]:
    """Scripts, handlers and addresses that are not ours; a page in order has none."""
    reader = _Reader()
    reader.feed(page)
    return reader.found
