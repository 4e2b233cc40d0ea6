"""Text of strangers made safe to show: nothing hidden, nothing that turns the reading order.

An invoice comes from whoever issued it. A control sign could move the cursor of a terminal, a
bidirectional one could make 100 read as 001: both are shown by their number, `[U+202E]`.
"""

from __future__ import annotations

import re

_LINE_END = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, save tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # reading order
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"  # invisible, or no characters
)
_WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f\"'<>\\^`{|}]{1,2000}", re.IGNORECASE)


def numbered(sign: re.Match[str]) -> str:
    """A sign by its number, `[U+202E]`."""
    return f"[U+{ord(sign[0]):04X}]"


def plain(text: str) -> str:
    """The text with every line end a line feed and every hidden sign shown by its number."""
    return _HIDDEN.sub(numbered, _LINE_END.sub("\n", text))


def web_link(link: str) -> str:
    """The link if it is one of the web (http or https, no sign that closes a quotation), or nothing."""
    return link if _WEB.fullmatch(link) and not _HIDDEN.search(link) else ""
