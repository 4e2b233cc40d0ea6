"""`Secret`: a value that is used, never shown."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


class Secret:
    """Bytes that must not reach a log, an error, a repr or a file.

    Neither `str` nor `bytes`: every accidental way out (format, json, pickle, copy, iteration)
    raises or shows only an eight-digit fingerprint. The value leaves by `reveal()` alone, which
    one can grep for. Rule: reliability.md section F, "Types".
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes | bytearray) -> None:
        self._value = bytearray(value.encode() if isinstance(value, str) else value)

    @contextmanager
    def reveal(self) -> Iterator[bytes]:
        """Lend the plain bytes for the length of a `with` block."""
        yield bytes(self._value)

    def text(self) -> str:
        """The plain value as text, for the single place that puts it on the wire."""
        return self._value.decode()

    def wipe(self) -> None:
        """Overwrite the value. Best effort: Python cannot promise that no copy was made."""
        for i in range(len(self._value)):
            self._value[i] = 0
        self._value.clear()

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
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Secret(***{self.fingerprint})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError("a Secret is used through reveal(), never copied, stored or iterated")

    __iter__ = __len__ = __getitem__ = __reduce_ex__ = __copy__ = __deepcopy__ = __bytes__ = _refuse
