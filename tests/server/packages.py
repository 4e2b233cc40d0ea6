"""Packages at the desk: built, cut, sealed, opened, uploaded; each step can be done wrong."""

from __future__ import annotations

import io
import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from klucznik.crypto.envelope import aes_encrypt, sha256_base64, wrap
from klucznik.documents import package
from klucznik.documents.package import Entry, Kind

from .desk import FORMS, Desk, Person, until


def archive(documents: Mapping[str, bytes], kind: Kind = "Zip") -> bytes:
    """A package of documents by name."""
    file = io.BytesIO()
    package.write(file, kind, [Entry(name, content) for name, content in documents.items()])
    return file.getvalue()


@dataclass
class Package:
    """An archive cut into parts of at most `cut` bytes, each encrypted."""

    archive: bytes
    kind: Kind | None = "Zip"
    cut: int = 100_000_000
    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    iv: bytes = field(default_factory=lambda: os.urandom(16))

    def parts(self) -> list[bytes]:
        return [
            aes_encrypt(self.archive[at : at + self.cut], self.key, self.iv)
            for at in range(0, len(self.archive), self.cut)
        ]

    def body(self, desk: Desk, form: str = "FA (3)", *, key: bytes | None = None, **changes: Any) -> Any:
        """The body of the opening; `changes` replace properties of `batchFile`."""
        version, value = FORMS[form]
        return {
            "formCode": {"systemCode": form, "schemaVersion": version, "value": value},
            "encryption": {
                "encryptedSymmetricKey": b64encode(wrap(key or self.key, desk.public_key())).decode(),
                "initializationVector": b64encode(self.iv).decode(),
            },
            "batchFile": {
                "fileSize": len(self.archive),
                "fileHash": sha256_base64(self.archive),
                "compressionType": self.kind,
                "fileParts": [
                    {"ordinalNumber": number, "fileSize": len(part), "fileHash": sha256_base64(part)}
                    for number, part in enumerate(self.parts(), 1)
                ],
                **changes,
            },
        }


@dataclass
class Opened:
    """An open batch session, as its opener sees it."""

    person: Person
    ref: str
    requests: list[dict[str, Any]]

    def upload(
        self,
        ordinal: int,
        content: bytes,
        *,
        method: str | None = None,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Upload a part as the opening said, or otherwise."""
        (request,) = [one for one in self.requests if one["ordinalNumber"] == ordinal]
        return self.person.desk.http.request(
            method or request["method"],
            url or request["url"],
            content=content,
            headers=request["headers"] if headers is None else headers,
        )

    def close(self) -> httpx2.Response:
        return self.person.call("POST", f"/sessions/batch/{self.ref}/close")

    def status(self) -> dict[str, Any]:
        return self.person.get(f"/sessions/{self.ref}")

    def end(self) -> dict[str, Any]:
        """The session once its status is final."""
        return until(self.status, lambda found: found["status"]["code"] >= 200)

    def invoices(self) -> list[dict[str, Any]]:
        found = self.person.get(f"/sessions/{self.ref}/invoices", params={"pageSize": 1000})
        invoices: list[dict[str, Any]] = found["invoices"]
        return invoices


def opened(person: Person, package: Package, *, body: Any = None, **headers: str) -> Opened:
    """Open a session for a package."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response = person.call("POST", "/sessions/batch", body or package.body(person.desk), headers=sent)
    assert response.status_code == 201, response.text
    found = response.json()
    assert set(found) == {"referenceNumber", "partUploadRequests"}
    return Opened(person, found["referenceNumber"], found["partUploadRequests"])


def uploaded(person: Person, package: Package, **opening: Any) -> Opened:
    """The same with all parts uploaded, the last one first."""
    session = opened(person, package, **opening)
    for ordinal, part in reversed(list(enumerate(package.parts(), 1))):
        response = session.upload(ordinal, part)
        assert (response.status_code, response.content) == (201, b""), response.text
    return session


def closed(person: Person, package: Package, **opening: Any) -> Opened:
    """The same, closed."""
    session = uploaded(person, package, **opening)
    response = session.close()
    assert response.status_code == 204, response.text
    return session


def ended(person: Person, package: Package, **opening: Any) -> tuple[Opened, dict[str, Any]]:
    """The whole way: the session and its final status."""
    session = closed(person, package, **opening)
    return session, session.end()
