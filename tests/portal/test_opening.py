"""Uploaded keys that would keep a server busy."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from klucznik.crypto import authority
from klucznik.errors import Unreadable
from klucznik.lang import speaking
from klucznik.portal.opening import opened
from klucznik.secret import Secret

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINE = authority.person("Anna", "Nowak", now=NOW, pesel="80010112342")


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, size] if size < 128 else [tag, 0x80 | len(long), *long]) + body


def sealed_key(rounds: int) -> bytes:
    """An encrypted PKCS#8 key (PBES2: PBKDF2 with SHA-256, AES-256) whose password takes so many rounds."""
    number = rounds.to_bytes(rounds.bit_length() // 8 + 1, "big")
    prf = _der(0x30, bytes.fromhex("06082a864886f70d0209"), b"\x05\x00")
    derivation = _der(0x30, _der(4, b"12345678"), _der(2, number), prf)
    cipher = _der(0x30, bytes.fromhex("060960864801650304012a"), _der(4, bytes(16)))
    parts = _der(0x30, _der(0x30, bytes.fromhex("06092a864886f70d01050c"), derivation), cipher)
    scheme = _der(0x30, bytes.fromhex("06092a864886f70d01050d"), parts)
    text = base64.encodebytes(_der(0x30, scheme, _der(4, bytes(144)))).decode()
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{text}-----END ENCRYPTED PRIVATE KEY-----\n".encode()


def test_what_was_sealed_in_the_usual_way_opens() -> None:
    password = Secret("zażółć")
    for file in (MINE.to_pkcs12(password), MINE.to_pem(password)):
        assert asyncio.run(opened(file, b"", password)).certificate == MINE.certificate


def test_a_wrong_password_is_said() -> None:
    with speaking("pl"), pytest.raises(Unreadable, match="złe hasło"):
        asyncio.run(opened(MINE.to_pem(), sealed_key(2048), Secret("x")))


def test_a_key_of_two_billion_rounds_is_given_up_and_others_run_on() -> None:
    async def beside() -> int:
        given_up = asyncio.create_task(opened(MINE.to_pem(), sealed_key(2**31 - 1), Secret("x"), patience=1))
        turns = 0
        while not given_up.done():
            await asyncio.wait({given_up}, timeout=0.01)
            turns += 1
        with pytest.raises(Unreadable, match="could not be opened within 1 seconds"):
            await given_up
        return turns

    with speaking("en"):
        assert asyncio.run(beside()) > 10


def test_an_rsa_key_that_signs_for_seconds_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from klucznik.portal import opening

    monkeypatch.setattr(opening, "_LONGEST", 1024)
    key = authority.seal("Seal", "5265877635", now=NOW, key="rsa")
    assert isinstance(key.private_key, rsa.RSAPrivateKey)
    order = {"file": opening._text(key.to_pem()), "key": "", "language": "en"}
    assert "2048 bits" in opening._answer(order)["message"]
