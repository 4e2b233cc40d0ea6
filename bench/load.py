"""The load: logins by KSeF token, invoices through online sessions. Runs as a process of its own.

    python bench/load.py PORT logins CALLERS COUNT
    python bench/load.py PORT invoices SENDERS COUNT

Prints one JSON object with the figures. Bodies are made before the clock starts.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from wirehttp import Connection

from klucznik.client import auth, tokens
from klucznik.client.ksef import Ksef
from klucznik.clock import WARSAW
from klucznik.crypto import authority, envelope
from klucznik.documents import samples
from klucznik.secret import Secret

NIP, BUYER = "5265877635", "1111111111"
HOST = "127.0.0.1"


def issue_token(port: int) -> Secret:
    """A company logs in with a seal and issues a token."""
    ksef = Ksef(f"http://{HOST}:{port}/v2")
    ksef.run(auth.login_with_identity("Nip", NIP, authority.seal("Bench", NIP, now=datetime.now(UTC))))
    return ksef.run(tokens.generate_and_wait(["InvoiceWrite", "InvoiceRead"], "bench")).token


async def public_keys(http: Connection) -> dict[str, rsa.RSAPublicKey]:
    keys = {}
    for item in await http.json("GET", "/v2/security/public-key-certificates"):
        key = x509.load_der_x509_certificate(b64decode(item["certificate"])).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        keys[item["usage"][0]] = key
    return keys


async def login(http: Connection, key: rsa.RSAPublicKey, ksef_token: Secret) -> str:
    """Challenge, token, poll, redeem: the access token."""
    challenge = await http.json("POST", "/v2/auth/challenge")
    sealed = envelope.wrap(envelope.token_payload(ksef_token, challenge["timestampMs"]), key)
    started = await http.json(
        "POST",
        "/v2/auth/ksef-token",
        {
            "challenge": challenge["challenge"],
            "contextIdentifier": {"type": "Nip", "value": NIP},
            "encryptedToken": b64encode(sealed).decode(),
        },
    )
    bearer = started["authenticationToken"]["token"]
    for _ in range(10_000):
        status = await http.json("GET", f"/v2/auth/{started['referenceNumber']}", bearer=bearer)
        if status["status"]["code"] == 200:
            break
        if status["status"]["code"] > 200:
            raise RuntimeError(status)
        await asyncio.sleep(0.002)
    redeemed = await http.json("POST", "/v2/auth/token/redeem", bearer=bearer)
    return str(redeemed["accessToken"]["token"])


async def logins(port: int, callers: int, count: int) -> dict[str, Any]:
    ksef_token = await asyncio.to_thread(issue_token, port)
    took: list[float] = []

    async def caller() -> None:
        async with Connection(HOST, port) as http:
            key = (await public_keys(http))["KsefTokenEncryption"]
            for _ in range(count // callers):
                began = time.perf_counter()
                await login(http, key, ksef_token)
                took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    seconds = time.perf_counter() - began
    return {"callers": callers, "logins": len(took), "perSecond": len(took) / seconds, **latency(took)}


def latency(took: list[float]) -> dict[str, float]:
    took = sorted(took)
    return {"p50ms": took[len(took) // 2] * 1000, "p99ms": took[int(len(took) * 0.99)] * 1000}


def prepared(count: int, label: str, key: bytes, iv: bytes) -> list[bytes]:
    """Bodies of the send calls, each a document of its own."""
    now = datetime.now(UTC)
    today = now.astimezone(WARSAW).date()
    marker = "@@NUMBER@@"
    template = samples.invoice(NIP, BUYER, marker, today, now)
    bodies = []
    for number in range(count):
        plain = template.replace(marker.encode(), f"B/{label}/{number}".encode())
        sealed = envelope.aes_encrypt(plain, Secret(key), iv)
        bodies.append(
            json.dumps(
                {
                    "invoiceHash": envelope.sha256_base64(plain),
                    "invoiceSize": len(plain),
                    "encryptedInvoiceHash": envelope.sha256_base64(sealed),
                    "encryptedInvoiceSize": len(sealed),
                    "encryptedInvoiceContent": b64encode(sealed).decode(),
                }
            ).encode()
        )
    return bodies


async def invoices(port: int, senders: int, count: int) -> dict[str, Any]:
    """Sent, numbered, and on the session's signed UPO: only then counted."""
    ksef_token = await asyncio.to_thread(issue_token, port)
    each = count // senders
    posts: list[float] = []
    ready = asyncio.Barrier(senders + 1)
    accepted = 0

    async def sender(number: int) -> None:
        nonlocal accepted
        async with Connection(HOST, port) as http:
            keys = await public_keys(http)
            bearer = await login(http, keys["KsefTokenEncryption"], ksef_token)
            key, iv = os.urandom(32), os.urandom(16)
            opened = await http.json(
                "POST",
                "/v2/sessions/online",
                {
                    "formCode": {"systemCode": "FA (3)", "schemaVersion": "1-0E", "value": "FA"},
                    "encryption": {
                        "encryptedSymmetricKey": b64encode(
                            envelope.wrap(key, keys["SymmetricKeyEncryption"])
                        ).decode(),
                        "initializationVector": b64encode(iv).decode(),
                    },
                },
                bearer,
            )
            session = opened["referenceNumber"]
            label = f"{os.urandom(4).hex()}/{number}"
            requests = [
                http.request("POST", f"/v2/sessions/online/{session}/invoices", body, bearer)
                for body in prepared(each, label, key, iv)
            ]
            await ready.wait()
            for request in requests:
                began = time.perf_counter()
                status, answer = await http.send(request)
                posts.append(time.perf_counter() - began)
                if status != 202:
                    raise RuntimeError(f"{status} {answer[:500]!r}")
            await http.json("POST", f"/v2/sessions/online/{session}/close", None, bearer)
            for _ in range(3000):
                final = await http.json("GET", f"/v2/sessions/{session}", bearer=bearer)
                if final["status"]["code"] >= 200:
                    break
                await asyncio.sleep(0.02)
            if final["status"]["code"] != 200 or final["successfulInvoiceCount"] != each:
                raise RuntimeError(final)
            numbered = await numbers(http, session, bearer)
            confirmed = 0
            for page in final["upo"]["pages"]:
                path = page["downloadUrl"].split(f":{port}", 1)[1]
                _, document = await http.send(http.request("GET", path))
                confirmed += len(re.findall(rb"<NumerKSeFDokumentu>", document))
            if not numbered == confirmed == each:
                raise RuntimeError(f"{numbered} numbered, {confirmed} on the UPO, {each} sent")
            accepted += each

    async with asyncio.TaskGroup() as group:
        for number in range(senders):
            group.create_task(sender(number))
        await ready.wait()
        began = time.perf_counter()
    seconds = time.perf_counter() - began
    return {"senders": senders, "invoices": accepted, "perSecond": accepted / seconds, **latency(posts)}


async def numbers(http: Connection, session: str, bearer: str) -> int:
    """How many invoices of a session carry a KSeF number and a UPO link."""
    found, token = 0, ""
    while True:
        extra = f"x-continuation-token: {token}" if token else ""
        page = await http.json("GET", f"/v2/sessions/{session}/invoices?pageSize=1000", None, bearer, extra)
        found += sum(
            1
            for item in page["invoices"]
            if item["status"]["code"] == 200 and item.get("ksefNumber") and item.get("upoDownloadUrl")
        )
        token = page.get("continuationToken") or ""
        if not token:
            return found


def main() -> None:
    port, what, callers, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    work = {"logins": logins, "invoices": invoices}[what]
    print(json.dumps(asyncio.run(work(port, callers, count))))


if __name__ == "__main__":
    main()
