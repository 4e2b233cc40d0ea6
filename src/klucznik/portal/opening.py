"""Uploaded keys are opened in a process of their own, which is ended when it takes too long.

A sealed file says itself how many rounds its password goes through; one that says two billion would keep all
of this server busy for minutes, since deriving a key lets nothing else run.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa

from klucznik.crypto.certs import Identity
from klucznik.errors import Unreadable
from klucznik.lang import language, speaking, tr
from klucznik.secret import Secret

#: Seconds a file may take; usual ones take a tenth.
_PATIENCE: Final = 10.0
#: Two files at once; others wait for their turn, and keep no other work waiting.
_WATCHERS: Final = ThreadPoolExecutor(2, "opening")
#: Bits of an RSA key; signing with longer ones takes seconds, and nobody issues them.
_LONGEST: Final = 8192


async def opened(
    file: bytes, key: bytes, password: Secret | None, *, patience: float = _PATIENCE
) -> Identity:
    """The certificate with its key, of one file (`key` is empty) or of two. Raises `Unreadable`."""
    order: dict[str, str] = {"file": _text(file), "key": _text(key), "language": language()}
    if password is not None:
        with password.reveal() as value:
            order["password"] = _text(value)
    asked = json.dumps(order).encode()
    done = await asyncio.get_running_loop().run_in_executor(_WATCHERS, _ask, asked, patience)
    if done is None:
        raise Unreadable(
            tr(
                f"The file could not be opened within {patience:g} seconds.",
                f"Pliku nie udało się otworzyć w czasie {patience:g} s.",
            ),
            hint=tr("save it anew with fewer rounds", "zapisz go ponownie z mniejszą liczbą iteracji"),
        )
    if done.returncode != 0:
        raise Unreadable(tr("The file cannot be read.", "Pliku nie da się odczytać."))
    answer = json.loads(done.stdout)
    if "message" in answer:
        raise Unreadable(answer["message"], hint=answer["hint"])
    return Identity.load(b64decode(answer["identity"]))


def _ask(asked: bytes, patience: float) -> subprocess.CompletedProcess[bytes] | None:
    """What the process of its own said; None where it took too long, and is no more."""
    program = [sys.executable, "-m", "klucznik.portal.opening"]
    try:
        # The program is our own; what was uploaded goes to its standard input alone.
        return subprocess.run(  # noqa: S603
            program, input=asked, capture_output=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return None


def _answer(order: dict[str, Any]) -> dict[str, str]:
    """What the process of its own does."""
    file, key = b64decode(order["file"]), b64decode(order["key"])
    password = Secret(b64decode(order["password"])) if "password" in order else None
    with speaking(order["language"]):
        try:
            identity = Identity.load_pair(file, key, password) if key else Identity.load(file, password)
            own = identity.private_key
            if isinstance(own, rsa.RSAPrivateKey) and own.key_size > _LONGEST:
                raise Unreadable(
                    tr(
                        f"The RSA key has {own.key_size} bits; at most {_LONGEST} are taken.",
                        f"Klucz RSA ma {own.key_size} bitów; najwyżej {_LONGEST}.",
                    )
                )
        except Unreadable as bad:
            return {"message": bad.message, "hint": bad.hint}
    return {"identity": _text(identity.to_pem())}


def _text(value: bytes) -> str:
    return b64encode(value).decode()


if __name__ == "__main__":
    print(json.dumps(_answer(json.load(sys.stdin))))
