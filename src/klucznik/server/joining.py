"""The parts of a closed batch session, decrypted and joined into the archive that was declared.

All on disk, a piece in memory at a time. Rules: sessions.md sections 6 and 7.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from klucznik.crypto.envelope import BadCiphertext, aes_decrypt_stream
from klucznik.lang import both
from klucznik.secret import Secret
from klucznik.wire import codes

_CHUNK: Final = 256 * 1024

# KSeF publishes no words for this one; they are ours (docs/divergences.md).
_SIZE_DIFFERS: Final = "Rozmiar przesłanej paczki faktur nie zgadza się z zadeklarowaną wartością: {size}."


class Failed(Exception):
    """The whole session fails: its status, KSeF's words, and the cause for the developer."""

    def __init__(self, status: int, details: list[str], why: str) -> None:
        super().__init__(why)
        self.status, self.details, self.why = status, details, why


def check_parts(parts: Sequence[Any]) -> None:
    """Each part is the one that was declared: 405 for all that are not."""
    wrong = [part for part in parts if part.uploaded_hash != part.hash]
    if not wrong:
        return
    details = [codes.PART_HASH_DIFFERS.format(ordinal=part.ordinal, hash=part.hash) for part in wrong]
    found = ", ".join(f"{part.ordinal}: {part.uploaded_hash}" for part in wrong)
    why = both(
        f"SHA-256 of what was uploaded, by part: {found}",
        f"SHA-256 tego, co przesłano, według części: {found}",
    )
    raise Failed(405, details, why)


def join(parts: Sequence[Any], archive: Path, key: Secret, iv: bytes, declared: Any) -> Iterator[int]:
    """Decrypt the parts, which lie beside `archive`, one after the other into it: the ordinal of each once
    it is done. Raises `Failed` 435, 430, 500.

    `declared` has the archive's `size` in bytes and `hash`.
    """
    hasher, size = hashlib.sha256(), 0
    try:
        with archive.open("wb") as target:
            for part in parts:
                with (archive.parent / part.file).open("rb") as source:
                    pieces = iter(partial(source.read, _CHUNK), b"")
                    try:
                        for piece in aes_decrypt_stream(pieces, key, iv):
                            hasher.update(piece)
                            size += len(piece)
                            target.write(piece)
                    except BadCiphertext:
                        raise Failed(435, [], _why_closed(part.ordinal)) from None
                yield part.ordinal
    except FileNotFoundError as missing:
        name = Path(missing.filename or "").name
        why = both(
            f"{name}, a part of the package, is no longer in the data folder",
            f"w katalogu danych nie ma już {name}, części paczki",
        )
        raise Failed(500, [], why) from None
    except OSError as full:
        why = both(
            f"the package cannot be put together here: {full.strerror}",
            f"nie da się tu złożyć paczki: {full.strerror}",
        )
        raise Failed(500, [], why) from None
    found = b64encode(hasher.digest()).decode()
    if found != declared.hash:
        why = both(
            f"SHA-256 of the decrypted parts, joined: {found}; a wrong IV looks like this too",
            f"SHA-256 odszyfrowanych i połączonych części: {found}; tak wygląda też zły wektor IV",
        )
        raise Failed(430, [codes.PACKAGE_HASH_DIFFERS.format(hash=declared.hash)], why)
    if size != declared.size:
        why = both(f"the archive has {size} bytes", f"archiwum ma {size} bajtów")
        raise Failed(430, [_SIZE_DIFFERS.format(size=declared.size)], why)


def _why_closed(ordinal: int) -> str:
    return both(
        f"part {ordinal}: AES-256-CBC with the session's key and IV does not open it",
        f"część {ordinal}: AES-256-CBC z kluczem i wektorem sesji jej nie otwiera",
    )
