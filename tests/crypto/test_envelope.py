"""AES and RSA as KSeF wants them, against known answers and defects."""

from __future__ import annotations

import hashlib
import random
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from klucznik.crypto import envelope
from klucznik.crypto.authority import person
from klucznik.crypto.envelope import BadCiphertext
from klucznik.secret import Secret

KEY, IV = bytes(range(32)), bytes(range(16))


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_a_published_answer() -> None:
    """NIST SP 800-38A, F.2.5 (CBC-AES256): the first block, then the padding is ours."""
    nist_key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
    sealed = envelope.aes_encrypt(plain, nist_key, IV)
    assert sealed[:16] == bytes.fromhex("f58c4c04d6e5f1ba779eabfb5f7bfbd6")
    assert len(sealed) == 32


@given(st.binary(max_size=200))
def test_it_equals_the_plain_way_of_doing_it(plain: bytes) -> None:
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(IV)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    sealed = envelope.aes_encrypt(plain, KEY, IV)
    assert sealed == encryptor.update(padded) + encryptor.finalize()
    assert envelope.aes_decrypt(sealed, Secret(KEY), IV) == plain


@pytest.mark.parametrize("size", [0, 15, 16, 17, 65_535, 65_536, 65_537, 131_072, 1_000_001])
def test_sizes_around_the_chunk(size: int) -> None:
    plain = random.Random(size).randbytes(size)
    sealed = envelope.aes_encrypt(plain, Secret(KEY), IV)
    assert len(sealed) == size + 16 - size % 16
    assert envelope.aes_decrypt(sealed, KEY, IV) == plain


def test_the_documented_growth() -> None:
    """OpenAPI's examples: the IV is not prefixed (sessions.md section 2)."""
    assert len(envelope.aes_encrypt(bytes(6480), KEY, IV)) == 6496
    assert len(envelope.aes_encrypt(bytes(16037), KEY, IV)) == 16048


def test_every_defect_has_one_text(key: rsa.RSAPrivateKey) -> None:
    dice = random.Random(7)
    sealed = envelope.aes_encrypt(b"x" * 100, KEY, IV)
    texts = set()
    defects = [b"", sealed[:-1], sealed[:15], sealed + b"\0", sealed[:-16] + bytes(16)]
    for defect in defects + [dice.randbytes(32) for _ in range(50)]:
        try:
            envelope.aes_decrypt(defect, KEY, IV)
        except BadCiphertext as bad:
            texts.add(str(bad))
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    oaep1 = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # refused
    for blob in (
        b"",
        dice.randbytes(256),
        dice.randbytes(255),
        b"\xff" * 256,
        envelope.wrap(b"x", other.public_key()),
        key.public_key().encrypt(b"x", rsa_padding.PKCS1v15()),
        key.public_key().encrypt(b"x", oaep1),
    ):
        with pytest.raises(BadCiphertext) as refused:
            envelope.unwrap(blob, key)
        assert refused.value.__cause__ is None
        texts.add(str(refused.value))
    assert len(texts) == 1


@pytest.mark.parametrize("last", [b"\0", b"\x11", b"\x02"])
def test_false_padding_is_refused(last: bytes) -> None:
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(IV)).encryptor()
    sealed = encryptor.update(b"\x07" * 15 + last) + encryptor.finalize()
    with pytest.raises(BadCiphertext):
        envelope.aes_decrypt(sealed, KEY, IV)


def test_wrong_lengths_of_key_and_iv() -> None:
    for size in (0, 16, 24, 31, 33):
        with pytest.raises(ValueError, match="AES-256 needs 32"):
            envelope.aes_encrypt(b"", bytes(size), IV)
    with pytest.raises(ValueError, match="the IV has 24 bytes"):
        envelope.aes_encrypt(b"", KEY, bytes(24))


def test_wrap_and_unwrap(key: rsa.RSAPrivateKey) -> None:
    assert envelope.unwrap(envelope.wrap(KEY, key.public_key()), key) == KEY
    assert len(envelope.wrap(KEY, key.public_key())) == 256
    with pytest.raises(ValueError):
        envelope.wrap(bytes(191), key.public_key())


def test_the_token_payload() -> None:
    payload = envelope.token_payload(Secret("20260301-EC-ż"), 1772366400000)
    assert payload == "20260301-EC-ż|1772366400000".encode()


def test_identifiers(key: rsa.RSAPrivateKey) -> None:
    assert envelope.sha256_base64(b"") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert b64decode(envelope.public_key_id(key.public_key())) == hashlib.sha256(spki).digest()
    ania = person("Ania", "Nowak", nip="5265877635", now=datetime(2026, 3, 1, tzinfo=UTC))
    assert b64decode(envelope.certificate_id(ania.certificate)) == hashlib.sha256(ania.der).digest()


def test_session_keys_are_new_and_secret() -> None:
    (first, iv), (second, other) = envelope.new_session_key(), envelope.new_session_key()
    assert first != second
    assert iv != other
    assert len(iv) == 16
    with first.reveal() as value:
        assert len(value) == 32
        assert value.hex() not in repr(first)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 1000])
@pytest.mark.parametrize("cut", [1, 7, 16, 400])
def test_streams_are_the_same_in_pieces(size: int, cut: int) -> None:
    key, iv, plain = bytes(range(32)), bytes(16), bytes(size % 251 for size in range(size))

    def pieces(data: bytes) -> list[bytes]:
        return [data[at : at + cut] for at in range(0, len(data), cut)]

    sealed = envelope.aes_encrypt(plain, key, iv)
    assert b"".join(envelope.aes_encrypt_stream(pieces(plain), key, iv)) == sealed
    assert b"".join(envelope.aes_decrypt_stream(pieces(sealed), key, iv)) == plain
    for broken in (b"", sealed[:-1], sealed + b"x"):
        with pytest.raises(envelope.BadCiphertext):
            list(envelope.aes_decrypt_stream(pieces(broken), key, iv))
