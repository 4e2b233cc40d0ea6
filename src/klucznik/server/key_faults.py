"""Keys that do not open: what callers are told (21470), and the likely mistake, which they are not.

Rules: auth.md sections 2 and 8, sessions.md section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from sqlalchemy import Connection

from klucznik.crypto.envelope import BadCiphertext, unwrap
from klucznik.lang import both
from klucznik.server.keyring import EncryptionKey, KeyRing
from klucznik.wire import codes
from klucznik.wire.problems import Problem
from klucznik.wire.security import PublicKeyCertificateUsage

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

#: Mistakes to recognise, never made here.
_SHA1: Final = hashes.SHA1()  # noqa: S303 - see above
_OAEP_SHA1: Final = padding.OAEP(mgf=padding.MGF1(_SHA1), algorithm=_SHA1, label=None)
_OAEP_MGF1_SHA1: Final = padding.OAEP(mgf=padding.MGF1(_SHA1), algorithm=hashes.SHA256(), label=None)


def require(ksef: LocalKsef, db: Connection, usage: PublicKeyCertificateUsage, key_id: str | None) -> None:
    """Refuse a publicKeyId that names no key of this usage which works now (21470)."""
    now, keys = ksef.clock.now(), ksef.keys.encryption.follow(db)
    if keys.accepted(usage, key_id, now):
        return
    why = both(
        f"no key for {usage.value} has this publicKeyId; fetch the certificates again",
        f"żaden klucz {usage.value} nie ma tego publicKeyId; pobierz certyfikaty ponownie",
    )
    for key in keys:
        if key.public_key_id != key_id:
            continue
        if key.usage != usage:
            why = both(
                f"that key is for {key.usage.value}, this call takes the one for {usage.value}",
                f"ten klucz służy do {key.usage.value}, to wywołanie wymaga klucza {usage.value}",
            )
        else:
            why = _why_over(key)
    raise Problem(codes.UNKNOWN_KEY, [codes.KEY_NOT_SUPPORTED.format(key_id=key_id)], why=why)


def _why_over(key: EncryptionKey) -> str:
    assert key.ends is not None
    end = f"{key.ends:%Y-%m-%d %H:%M:%S} UTC"
    if key.withdrawn:
        return both(
            f"that key was withdrawn in an emergency at {end}; fetch the certificates again",
            f"ten klucz wycofano awaryjnie {end}; pobierz certyfikaty ponownie",
        )
    return both(
        f"that key ended at {end}, another one follows it; fetch the certificates again",
        f"ten klucz stracił ważność {end}, zastąpił go inny; pobierz certyfikaty ponownie",
    )


def why_closed(
    keys: KeyRing,
    usage: PublicKeyCertificateUsage,
    key_id: str | None,
    blob: bytes,
    at: datetime,
    expected: Callable[[bytes], bool],
) -> str:
    """The likely mistake behind a ciphertext that no key opens; the answer on the wire is one for all.

    `expected` tells whether a plaintext looks as it should.
    """
    tried = keys.accepted(usage, key_id, at)
    size = next((key.private_key.key_size // 8 for key in keys), 256)
    if len(blob) != size:
        return both(
            f"the ciphertext has {len(blob)} bytes, {size} are expected: one RSA block",
            f"szyfrogram ma {len(blob)} bajtów, oczekiwano {size}: jednego bloku RSA",
        )
    for key in keys:
        if key in tried or not _opens(blob, key):
            continue
        if key.usage != usage:
            return both(
                f"it is encrypted to the key of another usage; take the one whose usage has {usage.value}",
                f"zaszyfrowano kluczem o innym przeznaczeniu; użyj klucza z usage {usage.value}",
            )
        if not key.works(at):
            return _why_over(key)
        return both(
            "it opens with another key than publicKeyId names",
            "otwiera się innym kluczem niż ten, który wskazuje publicKeyId",
        )
    for key in tried:
        if _decrypts(key, blob, _OAEP_SHA1, expected):
            return both(
                "it is OAEP with SHA-1; KSeF wants SHA-256, for the hash and for MGF1",
                "to OAEP z SHA-1; KSeF wymaga SHA-256, dla skrótu i dla MGF1",
            )
        if _decrypts(key, blob, _OAEP_MGF1_SHA1, expected):
            return both(
                "it is OAEP with SHA-256, but MGF1 with SHA-1 (so Java reads OAEPWithSHA-256AndMGF1Padding "
                "without an OAEPParameterSpec); KSeF wants SHA-256 for both",
                "to OAEP z SHA-256, ale MGF1 z SHA-1 (tak Java rozumie OAEPWithSHA-256AndMGF1Padding bez "
                "OAEPParameterSpec); KSeF wymaga SHA-256 w obu miejscach",
            )
        if _decrypts(key, blob, padding.PKCS1v15(), expected):
            return both(
                "it is PKCS#1 v1.5; KSeF wants OAEP with SHA-256, for the hash and for MGF1",
                "to PKCS#1 v1.5; KSeF wymaga OAEP z SHA-256, dla skrótu i dla MGF1",
            )
    return both(
        "it does not open with our key: another environment's key, another padding, or damage on the way",
        "nie otwiera się naszym kluczem; klucz innego środowiska, inne dopełnienie lub uszkodzenie w drodze",
    )


def _opens(blob: bytes, key: EncryptionKey) -> bool:
    try:
        unwrap(blob, key.private_key)
    except BadCiphertext:
        return False
    return True


def _decrypts(
    key: EncryptionKey, blob: bytes, scheme: padding.AsymmetricPadding, expected: Callable[[bytes], bool]
) -> bool:
    """A wrong PKCS#1 v1.5 block opens to random bytes instead of failing: look at what came out."""
    try:
        return expected(key.private_key.decrypt(blob, scheme))
    except ValueError:
        return False
