"""The keys of the local KSeF: made at first start, kept in `DATA/keys`, the same after a restart."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from klucznik.crypto.authority import Authority
from klucznik.crypto.certs import Identity
from klucznik.errors import Unreadable
from klucznik.files import write_private
from klucznik.secret import Secret
from klucznik.server.keyring import KeyRing, damaged

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Keys:
    """All of them. `seal` signs receipts, `authority` KSeF certificates; `jwt` and `links` are HMAC keys."""

    encryption: KeyRing
    seal: Identity
    jwt: Secret
    links: Secret
    #: By which the portal shows that a call is its own.
    internal: Secret
    authority: Authority
    #: The local "qualified" CA: what demo and prd trust, and `klucznik cert new --qualified` issues from.
    qualified: Authority

    @classmethod
    def open(cls, folder: Path | None, now: datetime) -> Keys:
        """Load the keys of a data folder, making those that are missing; None makes new ones."""
        drawer = folder / "keys" if folder else None
        seal = _load(drawer, "upo-seal.pem", lambda: ec.generate_private_key(ec.SECP256R1()))
        certificate = _certificate(drawer, "upo-seal.crt", seal, "KSeF local test UPO seal", now)
        return cls(
            KeyRing(drawer, now),
            Identity(certificate, seal),
            _random(drawer, "jwt"),
            _random(drawer, "links"),
            _random(drawer, "internal"),
            _authority(drawer, "ksef-certificates.pem", "KSeF local test certificates", now),
            qualified_authority(folder, now),
        )

    @staticmethod
    def renew_jwt(folder: Path | None, key: Secret) -> Secret:
        """Keep a new key of bearers: those signed with the old one open nothing from now on."""
        if folder:
            with key.reveal() as value:
                write_private(folder / "keys" / "jwt.key", value)
        return key


def _load(drawer: Path | None, name: str, make: Callable[[], PrivateKey]) -> PrivateKey:
    if drawer and (drawer / name).exists():
        try:
            key = serialization.load_pem_private_key((drawer / name).read_bytes(), None)
        except ValueError as bad:
            raise damaged(drawer / name) from bad
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        return key
    made = make()
    if drawer:
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(drawer / name, pem)
    return made


def _certificate(
    drawer: Path | None, name: str, key: PrivateKey, common_name: str, now: datetime
) -> x509.Certificate:
    if drawer and (drawer / name).exists():
        try:
            return x509.load_pem_x509_certificate((drawer / name).read_bytes())
        except ValueError as bad:
            raise damaged(drawer / name) from bad
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "PL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Klucznik local test, not the Ministry"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    if drawer:
        write_private(drawer / name, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate


def qualified_authority(folder: Path | None, now: datetime) -> Authority:
    """The local "qualified" CA of a data folder, made by whoever needs it first."""
    return _authority(folder / "keys" if folder else None, "qualified-ca.pem", "Klucznik local test CA", now)


def _authority(drawer: Path | None, name: str, common_name: str, now: datetime) -> Authority:
    """A CA of ours: key and certificate in one file."""
    path = drawer / name if drawer else None
    if path and path.exists():
        try:
            return Authority.load(path.read_bytes())
        except Unreadable as bad:
            raise damaged(path) from bad
    made = Authority.create(common_name, now)
    if path:
        write_private(path, made.to_pem())
    return made


def _random(drawer: Path | None, name: str) -> Secret:
    path = drawer / f"{name}.key" if drawer else None
    if path and path.exists():
        value = path.read_bytes()
        if len(value) != 32:
            raise damaged(path)
        return Secret(value)
    value = os.urandom(32)
    if path:
        write_private(path, value)
    return Secret(value)
