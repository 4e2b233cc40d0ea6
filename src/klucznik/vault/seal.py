"""Sealing: bytes under a key, bound to the place where they belong.

A sealed box is `nonce (12 bytes) || ciphertext || tag (16 bytes)`, AES-256-GCM with a nonce of
96 bits from `os.urandom`. What it is bound to (the associated data) is not in the box: whoever
opens it must say the same, so a box that was moved, swapped or renamed does not open. Randomness
is taken here and not handed in on purpose: a nonce that a caller can choose is a nonce that can
repeat. Rule: reliability.md section F, "Keys" and "AAD".
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from klucznik.errors import VaultProblem
from klucznik.lang import tr
from klucznik.secret import Secret

KEY_BYTES = 32
_NONCE = 12
_TAG = 16


def new_key() -> Secret:
    """A fresh random key of 256 bits."""
    return Secret(os.urandom(KEY_BYTES))


def bound_to(*parts: object) -> bytes:
    """Associated data: every part as UTF-8 text behind its length in four bytes."""
    encoded = [str(part).encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def seal(key: Secret, plain: Secret, aad: bytes) -> bytes:
    """The box that holds `plain`. An empty `plain` makes a box that only vouches for `aad`."""
    nonce = os.urandom(_NONCE)
    with key.reveal() as k, plain.reveal() as p:
        return nonce + _cipher(k).encrypt(nonce, p, aad)


def unseal(key: Secret, box: object, aad: bytes) -> Secret:
    """What the box holds. Raises InvalidTag when the key, the box or what it is bound to is another.

    `box` comes from a file that anybody may have written to, so it may be anything at all.
    """
    if not isinstance(box, bytes) or len(box) < _NONCE + _TAG:
        raise InvalidTag
    with key.reveal() as k:
        return Secret(_cipher(k).decrypt(box[:_NONCE], box[_NONCE:], aad))


def _cipher(key: bytes) -> AESGCM:
    if not key:  # Wiped, by a `close` that another thread called meanwhile.
        raise VaultProblem(tr("the vault is closed.", "sejf jest zamknięty."))
    return AESGCM(key)
