"""What a browser would take for more than text in a page."""

from __future__ import annotations

from html.parser import HTMLParser

_OURS = ("/web/", "#")
#: Focus goes to what went wrong (base.html); to nothing else by itself.
_FOCUSED = {"class": "flash bad", "role": "alert", "tabindex": "-1", "autofocus": None}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not str(given.get("src")).startswith("/web/static/"):
            self.found.append("script")
        told = given == _FOCUSED
        for name, value in given.items():
            if name.startswith("on") or name == "style" or (name == "autofocus" and not told):
                self.found.append(f"{tag} {name}")
            if name in ("src", "href", "action", "formaction") and not (value or "").startswith(_OURS):
                self.found.append(f"{tag} {name}={value}")


def alive(page: str) -> list[str]:
    """Scripts, handlers, styles and addresses that are not ours; a page in order has none."""
    reader = _Reader()
    reader.feed(page)
    return reader.found
