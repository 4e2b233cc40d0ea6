"""No secret appears anywhere: a whole walk with secrets we know, then a search for them.

Searched: the server's log at its most talkative, the client's log at DEBUG, every error body, the
server's data folder, the vault and the journal, all that commands print, and what `ps` shows.
"""

from __future__ import annotations

import io
import logging
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

import processes
from klucznik.client import auth, doctor, receiving, tokens
from klucznik.client.journal import FileJournal
from klucznik.client.ksef import Ksef
from klucznik.client.sending import Document, Options, send_and_wait
from klucznik.clock import WARSAW
from klucznik.crypto import authority, envelope
from klucznik.crypto.certs import Identity
from klucznik.documents import samples
from klucznik.errors import KlucznikError
from klucznik.secret import Secret
from processes import Served, Terminal, served, shown_by_ps

NIP, BUYER = "5265877635", "1111111111"
PASSPHRASE = "canary kanarek 7b1fd3c2"
_JWT = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")
_PERMISSIONS = ("InvoiceRead", "InvoiceWrite")


@dataclass
class Listening(httpx2.BaseTransport):
    """The way to the server: keeps every error body, and every JWT that the server hands out."""

    errors: list[bytes] = field(default_factory=list)
    jwts: set[bytes] = field(default_factory=set)
    inner: httpx2.HTTPTransport = field(default_factory=lambda: httpx2.HTTPTransport(trust_env=False))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self.inner.handle_request(request)
        body = response.read()
        if response.status_code >= 400:
            self.errors.append(repr(response.headers.raw).encode() + body)
        else:
            self.jwts |= set(_JWT.findall(body))
        return response

    def close(self) -> None:
        self.inner.close()


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything that anything logs in this process, from DEBUG on."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def invoice(number: str) -> bytes:
    now = datetime.now(UTC)
    return samples.invoice(NIP, BUYER, number, now.astimezone(WARSAW).date(), now)


def misplace(http: httpx2.Client, url: str, access: str, secret: str) -> None:
    """Put a secret where no secret belongs; whatever is answered, it must not be repeated."""
    challenge = http.post(f"{url}/auth/challenge").json()["challenge"]
    keys = http.get(f"{url}/security/public-key-certificates").json()
    context = {"type": "Nip", "value": NIP}
    sealed = b64encode(b"x" * 256).decode()
    login = {"challenge": challenge, "contextIdentifier": context, "encryptedToken": sealed}
    bodies: list[tuple[str, object]] = [
        ("/auth/ksef-token", {**login, "challenge": secret}),
        ("/auth/ksef-token", {**login, "contextIdentifier": {"type": "Nip", "value": secret}}),
        ("/auth/ksef-token", {**login, "contextIdentifier": {"type": secret, "value": NIP}}),
        ("/auth/ksef-token", {**login, "encryptedToken": secret}),
        ("/auth/ksef-token", {**login, "encryptedToken": b64encode(secret.encode()).decode()}),
        ("/auth/ksef-token", {**login, "publicKeyId": secret}),
        ("/auth/ksef-token", {**login, "authorizationPolicy": {"allowedIps": {"ip4Addresses": [secret]}}}),
        ("/auth/ksef-token", secret),
        ("/auth/ksef-token", {secret: secret}),
        ("/tokens", {"permissions": [secret], "description": "misplaced"}),
        ("/tokens", {"permissions": ["InvoiceRead"], "description": secret * 20}),
        ("/sessions/online", {"formCode": {"systemCode": secret}, "encryption": secret}),
        ("/invoices/query/metadata", {"subjectType": secret, "dateRange": secret}),
        ("/testdata/permissions", {"contextIdentifier": {"type": "Nip", "value": secret}}),
    ]
    assert keys
    word = quote(secret, safe="")
    bearer = {"Authorization": f"Bearer {access}"}
    for errors in ({}, {"X-Error-Format": "problem-details"}):
        headers = {**bearer, **errors}
        for path, body in bodies:
            http.post(f"{url}{path}", json=body, headers=headers)
        http.post(f"{url}/auth/xades-signature", content=secret, headers={"Content-Type": "application/xml"})
        http.post(f"{url}/auth/xades-signature", content=f"<a>{secret}</a>", headers=errors)
        for path in (
            f"/tokens/{word}",
            f"/{word}",
            f"/auth/{word}",
            f"/sessions/{word}",
            f"/invoices/ksef/{word}",
        ):
            http.get(f"{url}{path}", headers=headers)
        http.delete(f"{url}/tokens/{word}", headers=headers)
        http.delete(f"{url}/auth/sessions/{word}", headers=headers)
        http.get(f"{url}/tokens", params={"status": secret, "pageSize": secret}, headers=headers)
        http.get(f"{url}/sessions", params={"sessionType": secret, "token": secret}, headers=headers)
        http.get(f"{url}/tokens", headers={**headers, "x-continuation-token": secret})
        http.get(f"{url}/tokens", headers={**errors, "Authorization": f"Bearer {secret}"})
        http.get(f"{url}/tokens", headers={**errors, "Authorization": secret})
        http.get(f"{url}/tokens", headers={**headers, "Host": secret.replace("|", ".")})
        http.request("PATCH", f"{url}/tokens/{word}", headers=headers)


def test_the_walk_of_the_sdk_leaves_no_secret_behind(tmp_path: Path) -> None:
    listening, keys = Listening(), []
    seal = authority.seal("Firma Kanarkowa", NIP, now=datetime.now(UTC))

    def new_key() -> tuple[Secret, bytes]:
        keys.append(envelope.new_session_key())
        return keys[-1]

    with served(tmp_path / "server", "--verbose") as ksef, logged() as log:
        with httpx2.Client(transport=listening) as http:
            owner = Ksef(ksef.url, http=http)
            owner.run(auth.login_with_identity("Nip", NIP, seal))
            issued = owner.run(tokens.generate_and_wait(_PERMISSIONS, "the canary"))
            assert owner.credentials.access_token
            for misplaced in (issued.token, owner.credentials.access_token.token):
                misplace(http, ksef.url, owner.credentials.access_token.token.text(), misplaced.text())

            erp = Ksef(ksef.url, http=http)
            findings = erp.run(
                doctor.examine(auth.login_with_token(issued.token), token_reference=issued.reference_number)
            )
            erp.run(auth.login_with_token(issued.token))
            journal = FileJournal(tmp_path / "journal.jsonl")
            documents = [Document("good", invoice("CANARY/1")), Document("bad", b"<Faktura/>")]
            results = erp.run(send_and_wait(documents, journal, options=Options(new_key=new_key)))
            journal.close()
            assert [result.outcome for result in results] == ["accepted", "refused"]
            erp.run(
                receiving.receive_since("Subject1", datetime(2026, 11, 1, tzinfo=UTC), lambda _, __: None)
            )
            owner.run(tokens.revoke_and_wait(issued.reference_number))
            failures = [raised(erp, issued.token), raised(erp, Secret(issued.token.text()[:-1] + "x"))]
        ps = shown_by_ps(ksef.pid)

    secrets = known_secrets(issued.token, seal, listening.jwts, keys)
    places = {
        "the server's log": ksef.log.read_bytes(),
        "the client's log": log.getvalue().encode(),
        "error bodies": b"\n".join(listening.errors),
        "errors and results": repr([failures, findings, results, owner.credentials, issued]).encode(),
        "the journal": (tmp_path / "journal.jsonl").read_bytes(),
        "ps": ps,
        **data_of(ksef),
    }
    assert len(listening.errors) > 60
    assert len(listening.jwts) >= 6
    assert places["the server's log"].count(b"; why: ") > 60
    assert leaks(secrets, places) == []


def raised(ksef: Ksef, ksef_token: Secret) -> str:
    """How a login with this token fails, in all the words there are."""
    with pytest.raises(KlucznikError) as refused:
        ksef.run(auth.login_with_token(ksef_token))
    return f"{refused.value!r} {refused.value} {refused.value.__dict__}"


def known_secrets(
    ksef_token: Secret, seal: Identity, jwts: set[bytes], keys: list[tuple[Secret, bytes]]
) -> dict[str, bytes]:
    """Each secret in each form it could take."""
    secret = ksef_token.text().split("|")[2]
    assert re.fullmatch(r"[0-9a-f]{64}", secret)
    found = {
        "token": secret.encode(),
        "token, start": secret[:32].encode(),
        "token, raw": bytes.fromhex(secret),
    }
    found |= {f"JWT {n}": jwt.rpartition(b".")[2] for n, jwt in enumerate(jwts)}
    for n, (key, _) in enumerate(keys):
        with key.reveal() as plain:
            found |= {f"AES key {n}": plain, f"AES key {n}, Base64": b64encode(plain)}
            found[f"AES key {n}, hex"] = plain.hex().encode()
    _, _, pem = seal.to_pem().partition(b"PRIVATE KEY-----\n")
    found |= {f"private key, line {n}": line for n, line in enumerate(pem.splitlines()[:2]) if len(line) > 20}
    return found


def data_of(ksef: Served) -> dict[str, bytes]:
    """Every file of the server's data folder, journals and temporary ones too."""
    folder = Path(ksef.data)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def leaks(secrets: dict[str, bytes], places: dict[str, bytes]) -> list[str]:
    found = [
        f"{name} in {place}"
        for name, secret in secrets.items()
        for place, text in places.items()
        if secret in text
    ]
    return found + [f"a JWT in {place}" for place, text in places.items() if _JWT.search(text)]


def test_the_walk_of_the_commands_leaves_no_secret_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with served(home, "--verbose") as ksef:
        terminal = Terminal(home, ksef.url)

        def run(*arguments: str | Path, typed: bytes | None = None, passphrase: str = "") -> str:
            """Any exit code will do: what is printed is searched."""
            extra: list[str] = []
            if passphrase:
                reading, writing = os.pipe()
                os.write(writing, passphrase.encode() + b"\n")
                os.close(writing)
                extra = ["--passphrase-fd", str(reading)]
            try:
                done = terminal.run(
                    *arguments, *extra, typed=typed, fds=[int(extra[1])] if extra else [], code=None
                )
            finally:
                for fd in extra[1:]:
                    with suppress(OSError):
                        os.close(int(fd))
            return done.said

        (home / "good.xml").write_bytes(invoice("CANARY/CLI/1"))
        company = ("--company", NIP)
        said = [run("cert", "new", "--seal", "--nip", NIP, "--out", "firma.pem")]
        issued = terminal.run("token", "issue", *company, "--cert", "firma.pem")
        said.append(issued.err)
        (ksef_token,) = issued.out.splitlines()
        typed = ksef_token.encode() + b"\n"
        said += [
            run("token", "put", *company, typed=typed, passphrase=PASSPHRASE),
            run("token", "put", *company, typed=b"x " + typed, passphrase=PASSPHRASE),
            run("token", "put", "--company", BUYER, typed=typed, passphrase=PASSPHRASE),
            run("token", "put", *company, typed=typed, passphrase="wrong" + PASSPHRASE),
            run("token", "list", passphrase=PASSPHRASE),
            run("token", "list", *company, "--cert", "firma.pem", "--json"),
            run("doctor", *company, "--json", passphrase=PASSPHRASE),
            run("doctor", *company, passphrase="wrong" + PASSPHRASE),
            run("send", *company, "good.xml", "--json", passphrase=PASSPHRASE),
            run("receive", *company, "--role", "seller", "--out", "in", passphrase=PASSPHRASE),
            run(
                "token",
                "revoke",
                *company,
                "--name",
                "main",
                "--reference",
                ksef_token.split("|")[0],
                "--cert",
                "firma.pem",
            ),
            run("doctor", *company, passphrase=PASSPHRASE),
            run("send", *company, "good.xml", passphrase=PASSPHRASE),
        ]
        ps = shown_by_ps(ksef.pid)
    assert "is revoked" in said[-3], said[-3]
    assert "accepted" in said[-5], said[-5]
    pem = (home / "firma.pem").read_bytes().partition(b"PRIVATE KEY-----\n")[2]
    secrets = {
        "token": ksef_token.rpartition("|")[2].encode(),
        "passphrase": PASSPHRASE.encode(),
        "private key": pem.splitlines()[0],
    }
    places = {
        "what commands say": "\n".join(said).encode(),
        "ps": b"\n".join([ps, *terminal.seen]),
        **{
            str(path.relative_to(home)): path.read_bytes()
            for path in home.rglob("*")
            if path.is_file() and path.name != "firma.pem"
        },
    }
    stored = set() if processes.database_of else {"ksef/ksef.db"}
    assert {"vault.db", "ksef.log", *stored} <= set(places)
    assert leaks(secrets, places) == []
    # The search does find what is there: the token is shown once, on purpose.
    assert leaks(secrets, {"token issue": issued.out.encode()}) == ["token in token issue"]
