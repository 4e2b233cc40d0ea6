"""What a pasted KSeF token tells by its shape alone, without any network. Rules: tokens.md sections 3, 7.

    shape = token_shape.read(Secret(pasted))
    for finding in shape.findings:
        print(finding.said, finding.next_step)

What copying adds (blanks, quotes, line ends, a label, the token twice) is taken off and told; what cannot
be put right is told with the next step. Nothing here shows the secret part; `shape.token` is what to try.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from klucznik.client.token_shape_words import WORDS
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.wire.ids import crc8, is_internal_id, is_ksef_number, is_nip, is_reference

#: `official` of KSeF 2.0, `short` the form of 40 characters, `opaque` like KSeF 1.0, `other` no token at all.
Kind = Literal["official", "short", "opaque", "other", "empty"]
#: `mended`: taken off, the rest is good. `note`: to know. `odd`: it may fail. `broken`: it cannot work.
Level = Literal["mended", "note", "odd", "broken"]


@dataclass(frozen=True)
class Finding:
    """One thing seen: its code in `WORDS`, how bad it is, and figures for the sentence."""

    code: str
    level: Level
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """What was seen, in the language in force."""
        en, pl, _, _ = WORDS[self.code]
        return tr(en, pl).format_map(self.values)

    @property
    def next_step(self) -> str:
        """What to do about it; may be empty."""
        _, _, en, pl = WORDS[self.code]
        return tr(en, pl).format_map(self.values)


@dataclass(frozen=True)
class TokenShape:
    """What was read. `token` is the mended token, None where nothing is worth trying."""

    kind: Kind
    findings: tuple[Finding, ...]
    masked: str
    token: Secret | None = None
    reference: str = ""
    context_type: str = ""  # as the API writes it: Nip, InternalId
    context_value: str = ""
    issued: date | None = None  # the UTC day written in the reference number

    @property
    def usable(self) -> bool:
        """Whether it can be tried."""
        return self.token is not None


_OFFICIAL: Final = re.compile(
    r"(?P<reference>[0-9]{8}-[0-9A-Z]{2}-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2})"
    r"\|(?P<kind>[A-Z]{2,12})-(?P<value>[^|\s]{1,24})\|(?P<secret>[0-9A-F]{64})",
    re.ASCII | re.IGNORECASE,
)
_CONTEXT: Final = re.compile(r"^[A-Za-z]{2,12}-[0-9A-Z-]{9,24}$")
_HEX: Final = re.compile(r"[0-9a-fA-F]*")
_TYPES: Final = {"nip": "Nip", "internalid": "InternalId", "nipvatue": "NipVatUe", "peppolid": "PeppolId"}
_WIRE: Final = {"Nip": "nip", "InternalId": "internalId"}
#: Zero width, directions of writing, soft hyphens, controls other than line ends.
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\x00-\x08\x0e-\x1f\x7f]")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212\uff0d]")
_BARS: Final = re.compile("%7[cC]|&#124;|&vert;|&verbar;|\\\\u007[cC]|[\u00a6\u2502\uff5c]")
_QUOTES: Final = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb<>"
_HIDDEN: Final = re.compile("[*\u2022\u2026\u25cf]{1,}|\\.{3,}")

#: Codes of what is taken off before reading, in this order.
_MENDS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("bom", lambda text: text.replace("\ufeff", "")),
    ("invisible", lambda text: _INVISIBLE.sub("", text)),
    ("bars", lambda text: _BARS.sub("|", text)),
    ("dashes", lambda text: _DASHES.sub("-", text)),
    ("blank", str.strip),
    ("quotes", lambda text: text.strip(_QUOTES)),
    ("blank", str.strip),
)


def read(pasted: Secret) -> TokenShape:
    """Read what somebody pasted as their KSeF token."""
    text = pasted.text()
    findings: list[Finding] = []
    for code, mend in _MENDS:
        mended = mend(text)
        if mended != text and code not in {each.code for each in findings}:
            findings.append(Finding(code, "mended"))
        text = mended
    # A token has no blank: where one is inside, a mail program or a terminal has broken the line.
    if not _OFFICIAL.search(text) and (joined := "".join(text.split())) != text and _is_one(joined):
        findings.append(Finding("broken-line", "mended"))
        text = joined
    found = list(_OFFICIAL.finditer(text))
    if not found:
        return _other(text, findings)
    if len({_whole(match).casefold() for match in found}) > 1:
        several = Finding("several", "broken", {"count": len(found)})
        return TokenShape("other", (*findings, several), _dots(text))
    return _official(text, found, findings)


def _is_one(joined: str) -> bool:
    """Whether a text without its blanks is one credential rather than a sentence."""
    return (
        bool(_OFFICIAL.search(joined)) or re.fullmatch(r"[0-9A-Za-z]{40}|[0-9a-fA-F]{64}", joined) is not None
    )


def _whole(match: re.Match[str]) -> str:
    return match[0]


def _official(text: str, found: list[re.Match[str]], findings: list[Finding]) -> TokenShape:
    """A text with one official token in it, perhaps twice, perhaps with words around."""
    match = found[0]
    # (1) What stands around it. A digit or letter right behind belongs to the secret: too long.
    behind = text[found[-1].end() :]
    if behind[:1].isalnum():
        longer = Finding("too-long", "broken", {"count": 64 + len(behind.split("|")[0])})
        return TokenShape("official", (*findings, longer), _mask(match))
    if len(found) > 1:
        findings.append(Finding("doubled", "mended", {"count": len(found)}))
    if text[: match.start()].strip() or behind.strip():
        findings.append(Finding("around", "mended"))
    # (2) Capitals: KSeF writes the reference large and the secret small.
    reference, value = match["reference"].upper(), match["value"].upper()
    kind = _TYPES.get(match["kind"].casefold(), "")
    token = f"{reference}|{_WIRE.get(kind, match['kind'])}-{value}|{match['secret'].lower()}"
    if token != _whole(match):
        findings.append(Finding("case", "mended"))
    # (3) The reference number: of a token, on a day that there is, with the checksum it gives itself.
    if reference[9:11] != "EC":
        findings.append(Finding("other-number", "broken", {"kind": reference[9:11]}))
    issued = _day(reference)
    if issued is None or not is_reference(reference):
        findings.append(Finding("day", "broken", {"day": reference[:8]}))
    elif crc8(reference[:33]) != int(reference[34:], 16):
        right = f"{crc8(reference[:33]):02X}"
        findings.append(Finding("checksum", "odd", {"given": reference[34:], "right": right}))
    # (4) Whose it is.
    findings += _context(kind, match["kind"], value)
    findings.append(Finding("environment", "note"))
    broken = any(finding.level == "broken" for finding in findings)
    return TokenShape(
        "official",
        tuple(findings),
        _mask(match),
        None if broken else Secret(token),
        reference,
        kind,
        value,
        issued,
    )


def _context(kind: str, written: str, value: str) -> list[Finding]:
    """What is odd about the context written in a token."""
    if kind not in _WIRE:
        return [Finding("context-type", "broken", {"type": kind or written[:12]})]
    is_known: Callable[[str, bool], bool] = is_nip if kind == "Nip" else is_internal_id
    if not is_known(value, False):
        return [Finding("context-value", "broken", {"type": kind})]
    return [] if is_known(value, True) else [Finding("context-checksum", "odd", {"value": value})]


def _other(text: str, findings: list[Finding]) -> TokenShape:
    """A text without an official token: what it is instead, or what is missing."""
    kind: Kind = "other"
    token: Secret | None = None
    bare = "".join(text.split())
    parts = bare.split("|")
    seen: Finding
    if not bare:
        return TokenShape("empty", (Finding("empty", "broken"),), "")
    if "-----BEGIN" in text:
        seen = Finding("pem", "broken")
    elif bare.startswith("eyJ") and bare.count(".") == 2:
        seen = Finding("jwt", "broken")
    elif _HIDDEN.search(bare):
        seen = Finding("hidden", "broken")
    elif is_reference(bare.upper()):
        is_token = bare[9:11].upper() == "EC"
        seen = (
            Finding("number-only", "broken")
            if is_token
            else Finding("other-number", "broken", _kind_of(bare))
        )
    elif is_ksef_number(bare):
        seen = Finding("invoice-number", "broken")
    elif is_nip(bare.replace("-", ""), False):
        seen = Finding("nip-only", "broken")
    elif len(parts) > 1:
        seen = _of_parts(parts)
        kind = "official" if seen.code in ("truncated", "beheaded", "secret") else "other"
    elif re.fullmatch(r"[0-9A-Za-z]{40}", bare):
        kind, seen, token = "short", Finding("short", "odd"), Secret(bare)
    elif re.fullmatch(r"[0-9a-fA-F]{64}", bare):
        kind, seen = "opaque", Finding("tail", "broken")
    elif re.fullmatch(r"[\w+/=.-]{20,}", bare, re.ASCII):
        kind, seen = "opaque", Finding("opaque", "broken", {"count": len(bare)})
    else:
        seen = Finding("unknown", "broken", {"count": len(bare)})
    masked, reference = _dots(bare), ""
    if seen.code in ("truncated", "secret"):
        # What names the token stands before the secret part, and may be shown.
        reference = parts[0].upper()
        masked = "|".join([reference, *(_CONTEXT.findall(parts[1]) or ["?"]), _dots("".join(parts[2:]))])
    return TokenShape(kind, (*findings, seen), masked, token, reference)


def _of_parts(parts: list[str]) -> Finding:
    """Parts between bars, which are not three good ones."""
    has_number = is_reference(parts[0].upper(), "EC")
    if has_number and len(parts) <= 3:
        secret = parts[2] if len(parts) == 3 else ""
        if _HEX.fullmatch(secret) and len(secret) < 64:
            return Finding("truncated", "broken", {"count": len(secret)})
        if len(secret) == 64 or not _HEX.fullmatch(secret):
            return Finding("secret" if "-" in parts[1] else "context-missing", "broken")
    if len(parts) == 2 and re.fullmatch(r"[0-9a-fA-F]{64}", parts[1]):
        return Finding("beheaded", "broken")
    return Finding("parts", "broken", {"count": len(parts)})


def _kind_of(reference: str) -> dict[str, object]:
    return {"kind": reference[9:11].upper()}


def _day(reference: str) -> date | None:
    try:
        return date(int(reference[:4]), int(reference[4:6]), int(reference[6:8]))
    except ValueError:
        return None


def _mask(match: re.Match[str]) -> str:
    """A token as it may be shown: the secret part is dots."""
    return f"{match['reference'].upper()}|{match['kind']}-{match['value']}|{_dots(match['secret'])}"


def _dots(text: str) -> str:
    """Something that may all be secret: how long it is, and nothing else."""
    return f"{'•' * min(len(text), 12)} ({len(text)})"
