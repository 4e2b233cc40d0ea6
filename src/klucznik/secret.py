"""`Secret`: a value that is used, never shown."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

#: A JWT; the secret part of a KSeF token (64 hexadecimal digits, 40 characters in the short form).
_SHAPES: Final = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*|[0-9A-Za-z]{40,}")


def masked(text: str) -> str:
    """`text` without what is shaped like a KSeF token or a JWT: people paste them in wrong places.

    For what is shown of a request, such as its path; what is known to be secret is a `Secret`.
    """
    return _SHAPES.sub("***", text)


class Secret:
    """Bytes that must not reach a log, an error, a repr or a file.

    Neither `str` nor `bytes`: every accidental way out (format, json, pickle, copy, iteration)
    raises or shows only an eight-digit fingerprint. The value leaves by `reveal()` and `text()`
    alone, which one can grep for. Rule: reliability.md section F, "Types".

    The fingerprint suits random values (tokens, keys). Something a person made up could be guessed
    from it: that is a `klucznik.vault.keys.Passphrase`, which has none.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes | bytearray) -> None:
        self._value = bytearray()
        if isinstance(value, str):
            value = _encoded(value)
        elif not isinstance(value, (bytes, bytearray)):
            # bytearray(5) would be five zero bytes: a number is never meant as a secret.
            raise TypeError(f"a Secret is made of str or bytes, not {type(value).__name__}")
        self._value += value

    @contextmanager
    def reveal(self) -> Iterator[bytes]:
        """Lend the plain bytes for the length of a `with` block. They are a copy: let it go soon."""
        yield bytes(self._value)

    def text(self) -> str:
        """The plain value as text, for the single place that puts it on the wire.

        Raises ValueError, without a byte of the value in it, where it is no UTF-8.
        """
        try:
            return self._value.decode()
        except UnicodeDecodeError:
            pass  # Raised below, outside: UnicodeDecodeError carries the bytes, even as __context__.
        raise ValueError(f"{self!r} is not text")

    def wipe(self) -> None:
        """Overwrite the value. Best effort: Python cannot promise that no copy was made."""
        self._value[:] = bytes(len(self._value))  # In place: the same length keeps the same memory.
        self._value.clear()

    def __del__(self) -> None:
        if hasattr(self, "_value"):  # A constructor that raised may not have come so far.
            self.wipe()

    @property
    def fingerprint(self) -> str:
        """First eight hex digits of the SHA-256: enough to tell two secrets apart in a log."""
        return hashlib.sha256(self._value).hexdigest()[:8]

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(bytes(self._value))

    def __repr__(self) -> str:
        return f"Secret(***{self.fingerprint})"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return repr(self)

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError("a Secret is used through reveal(), never copied, stored or iterated")

    __iter__ = __len__ = __getitem__ = __contains__ = __bytes__ = _refuse
    __reduce__ = __reduce_ex__ = __getstate__ = __copy__ = __deepcopy__ = _refuse


def _encoded(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        pass  # Raised below, outside: UnicodeEncodeError carries the whole text.
    raise ValueError("a Secret cannot hold lone surrogates")
