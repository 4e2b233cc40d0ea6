"""Sealing what travels: AES for contents, RSA for the AES key and for KSeF tokens.

Rules: sessions.md section 2, auth.md sections 2b and 8.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from klucznik.secret import Secret

KEY_BYTES = 32
IV_BYTES = 16
_BLOCK = 16
#: What goes through the cipher at a time: stays in the processor's cache, spares copies of big parts.
_CHUNK = 64 * 1024
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class BadCiphertext(ValueError):
    """It cannot be opened. One text for every cause, so that nobody learns which it was."""

    def __init__(self) -> None:
        super().__init__("the ciphertext cannot be opened with this key")


def aes_encrypt(plain: bytes, key: bytes | Secret, iv: bytes) -> bytes:
    """AES-256-CBC with PKCS#7 padding; the IV is not part of the result.

    `key` has 32 bytes, `iv` 16 (else ValueError). The result is 1 to 16 bytes longer than `plain`.
    """
    context = _cipher(key, iv).encryptor()
    fill = _BLOCK - len(plain) % _BLOCK
    whole = len(plain) - len(plain) % _BLOCK
    out = bytearray(len(plain) + fill + _BLOCK)
    written = _run(context, memoryview(plain)[:whole], out)
    written += context.update_into(plain[whole:] + bytes([fill]) * fill, memoryview(out)[written:])
    context.finalize()
    return bytes(memoryview(out)[:written])


def aes_decrypt(cipher: bytes, key: bytes | Secret, iv: bytes) -> bytes:
    """The reverse of `aes_encrypt`; raises BadCiphertext for any defect of length or padding."""
    if not cipher or len(cipher) % _BLOCK:
        raise BadCiphertext
    context = _cipher(key, iv).decryptor()
    out = bytearray(len(cipher) + _BLOCK)
    written = _run(context, memoryview(cipher), out)
    context.finalize()
    fill = out[written - 1]
    if not 1 <= fill <= _BLOCK or out[written - fill : written] != bytes([fill]) * fill:
        raise BadCiphertext
    return bytes(memoryview(out)[: written - fill])


def aes_encrypt_stream(plain: Iterable[bytes], key: bytes | Secret, iv: bytes) -> Iterator[bytes]:
    """The same for something that does not fit into memory, piece by piece; an archive's part."""
    context = _cipher(key, iv).encryptor()
    size = 0
    for piece in plain:
        size += len(piece)
        yield context.update(piece)
    fill = _BLOCK - size % _BLOCK
    yield context.update(bytes([fill]) * fill) + context.finalize()


def aes_decrypt_stream(cipher: Iterable[bytes], key: bytes | Secret, iv: bytes) -> Iterator[bytes]:
    """The reverse; raises BadCiphertext, at the latest after the last piece: until then trust nothing."""
    context = _cipher(key, iv).decryptor()
    held = b""  # the last block, which may be padding
    size = 0
    for piece in cipher:
        size += len(piece)
        out = held + context.update(piece)
        yield out[:-_BLOCK]
        held = out[-_BLOCK:]
    if not size or size % _BLOCK:
        raise BadCiphertext
    fill = held[-1]
    if not 1 <= fill <= _BLOCK or held[-fill:] != bytes([fill]) * fill:
        raise BadCiphertext
    yield held[:-fill]


def wrap(secret: bytes, key: RSAPublicKey) -> bytes:
    """Seal a few bytes (an AES key, a token payload) with RSA-OAEP, SHA-256 twice, empty label.

    At most 190 bytes go into a 2048-bit key (else ValueError).
    """
    return key.encrypt(secret, _OAEP)


def unwrap(blob: bytes, private_key: RSAPrivateKey) -> bytes:
    """The reverse of `wrap`; raises BadCiphertext, one text for all causes (Manger's attack)."""
    try:
        return private_key.decrypt(blob, _OAEP)
    except ValueError:
        raise BadCiphertext from None


def token_payload(ksef_token: Secret, timestamp_ms: int) -> bytes:
    """What is sealed to log in with a KSeF token: `token|timestampMs` of the same challenge."""
    with ksef_token.reveal() as value:
        return value + b"|" + str(timestamp_ms).encode()


def sha256_base64(data: bytes) -> str:
    """SHA-256 as KSeF writes it in JSON: 44 characters of Base64."""
    return b64encode(sha256(data).digest()).decode()


def public_key_id(key: RSAPublicKey | EllipticCurvePublicKey) -> str:
    """`publicKeyId`: SHA-256 of the SubjectPublicKeyInfo; it survives a new certificate of the key."""
    return sha256_base64(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def certificate_id(certificate: x509.Certificate) -> str:
    """`certificateId`: SHA-256 of the certificate's DER."""
    return sha256_base64(certificate.public_bytes(Encoding.DER))


def new_session_key() -> tuple[Secret, bytes]:
    """A fresh AES key (32 bytes) and IV (16 bytes) from the operating system; never used twice."""
    return Secret(os.urandom(KEY_BYTES)), os.urandom(IV_BYTES)


def _cipher(key: bytes | Secret, iv: bytes) -> Cipher[modes.CBC]:
    if len(iv) != IV_BYTES:
        raise ValueError(f"the IV has {len(iv)} bytes, AES-CBC needs {IV_BYTES}")
    if isinstance(key, Secret):
        with key.reveal() as value:
            return _cipher(value, iv)
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes, AES-256 needs {KEY_BYTES}")
    return Cipher(algorithms.AES(key), modes.CBC(iv))


def _run(context: CipherContext, data: memoryview, out: bytearray) -> int:
    """Put whole blocks through; returns how many bytes came out."""
    view = memoryview(out)
    written = 0
    for start in range(0, len(data), _CHUNK):
        written += context.update_into(data[start : start + _CHUNK], view[written:])
    return written
