"""Pre-signed URLs: made for a Host on our list, valid for three days (parts of exports an hour), no bearer.

Path shapes and the `x-ms-meta-hash` header as in upo.md section 6.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, quote, urlencode

from sqlalchemy import Connection, select

from klucznik.server import upos
from klucznik.server.local import LocalKsef
from klucznik.server.render import Answer, Plain, expired
from klucznik.server.tables import export_parts, instant, stamp

UPO_LIFE = timedelta(days=3)

_EXPORT_PART = re.compile(
    r"/storage/00/[0-9a-z-]{36}/invoice-part/([0-9A-Z-]{36})-([0-9]{3})\.(?:zip|tar\.gz)\.aes", re.ASCII
)
#: Where parts of packages are uploaded: session (in lower case) and ordinal.
PART_UPLOAD = re.compile(r"/storage/09/([0-9a-z-]{36})/batch-parts/([0-9]{1,2})\.zip\.enc", re.ASCII)
_INVOICE_UPO = re.compile(r"/storage/01/([0-9A-Z-]{36})/invoice-upo/upo_([0-9A-F-]{35})\.xml", re.ASCII)
_PAGE_UPO = re.compile(r"/storage/01/([0-9a-z-]{36})/session-upo/upo_(\d{2,4})\.xml", re.ASCII)


def invoice_upo(ksef: LocalKsef, origin: str, session_ref: str, ksef_number: str, now: datetime) -> str:
    """The URL of one invoice's UPO."""
    path = f"/storage/01/{session_ref}/invoice-upo/upo_{ksef_number}.xml"
    return _signed(ksef, origin, path, now + UPO_LIFE)


def page_upo(ksef: LocalKsef, origin: str, session_ref: str, page: int, now: datetime) -> str:
    """The URL of a page (from 1) of a session's UPO."""
    path = f"/storage/01/{session_ref.lower()}/session-upo/upo_{page - 1:02d}.xml"
    return _signed(ksef, origin, path, now + UPO_LIFE)


def export_part(ksef: LocalKsef, origin: str, ref: str, name: str, until: datetime) -> str:
    """The URL of a part of an export's package, good until then."""
    return _signed(ksef, origin, f"/storage/00/{ref.lower()}/invoice-part/{name}", until)


def part_upload(ksef: LocalKsef, origin: str, session_ref: str, ordinal: int, until: datetime) -> str:
    """The URL to which a part of a package is uploaded, good until then."""
    path = f"/storage/09/{session_ref.lower()}/batch-parts/{ordinal}.zip.enc"
    return _signed(ksef, origin, path, until, "PUT")


def _signature(ksef: LocalKsef, method: str, path: str, expires: str) -> str:
    with ksef.keys.links.reveal() as key:
        return hmac.new(key, f"{method}\n{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _signed(ksef: LocalKsef, origin: str, path: str, until: datetime, method: str = "GET") -> str:
    expires = str(stamp(until))
    query = urlencode(
        {
            "se": expires,
            "sp": "w" if method == "PUT" else "r",
            "sig": _signature(ksef, method, path, expires),
        }
    )
    return f"{origin}{quote(path)}?{query}"


def check(ksef: LocalKsef, method: str, path: str, query: str, now: datetime) -> None:
    """Whether an address is signed for this method and still good; `Plain` 403 where it is not."""
    try:
        given = {name: values[-1] for name, values in parse_qs(query, max_num_fields=20).items()}
    except ValueError:
        given = {}
    expires, signature = given.get("se", ""), given.get("sig", "")
    if not hmac.compare_digest(_signature(ksef, method, path, expires).encode(), signature.encode()):
        raise Plain(
            403,
            "The signature of this address is missing or wrong.",
            "podpisu tego adresu brak lub jest błędny",
        )
    if instant(int(expires)) <= now:
        raise expired()


async def answer(ksef: LocalKsef, method: str, path: str, query: str, now: datetime) -> Answer:
    """GET of a pre-signed URL: 403 for another method or a wrong or expired signature (reliability.md
    C 55), 404 for what is not there."""
    if method != "GET":
        raise Plain(
            403,
            f"This address is good for GET, not for {method[:20]}.",
            f"ten adres służy do GET, a nie do {method[:20]}",
        )
    check(ksef, method, path, query, now)
    if match := _INVOICE_UPO.fullmatch(path):
        session_ref, ksef_number = match.groups()
        found = await ksef.store.write(
            lambda db: upos.of_ksef_number(db, ksef, session_ref, ksef_number, now)
        )
    elif match := _PAGE_UPO.fullmatch(path):
        session_ref, page = match.group(1).upper(), int(match.group(2)) + 1
        found = ksef.store.read(lambda db: upos.page(db, session_ref, page))
    elif match := _EXPORT_PART.fullmatch(path):
        ref, ordinal = match.group(1), int(match.group(2))
        if part := ksef.store.read(lambda db: _part(db, ref, ordinal)):
            return part
        found = None
    else:
        found = None
    if found is None:
        raise Plain(404, "There is no such document.", "nie ma takiego dokumentu")
    return Answer.xml(found)


def _part(db: Connection, ref: str, ordinal: int) -> Answer | None:
    """A part of a package as it is stored, with the hash that was taken when it was sealed."""
    row = db.execute(
        select(export_parts.c.content, export_parts.c.hash).where(
            export_parts.c.export_ref == ref, export_parts.c.ordinal == ordinal
        )
    ).first()
    if row is None:
        return None
    headers = [(b"content-type", b"application/octet-stream"), (b"x-ms-meta-hash", row.hash.encode())]
    return Answer(200, bytes(row.content), headers)
