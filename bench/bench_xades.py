"""Signing and verifying a login document: per second, beside other people's clients and the bare key.

    python bench/bench_xades.py [--seconds 3] [--peer-python PATH]...

Each PATH is the Python of a virtualenv that holds `ksef-client[xml]` or `ksef2`; the same document,
key and certificate go to all. "Bare key" is the signature over 32 bytes alone: nobody can be faster.
One process, one thread; the peers run after one another, so every figure has the machine to itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from klucznik.crypto.authority import person
from klucznik.crypto.certs import Identity
from klucznik.crypto.xades import sign, verify

AUTH = "http://ksef.mf.gov.pl/auth/token/2.0"
ROOT = f"{{{AUTH}}}AuthTokenRequest"
DOCUMENT = (
    f'<?xml version="1.0" encoding="utf-8"?><AuthTokenRequest xmlns="{AUTH}">'
    "<Challenge>20260301-CR-2A2A2A2A2A-2A2A2A2A2A-AF</Challenge>"
    "<ContextIdentifier><Nip>5265877635</Nip></ContextIdentifier>"
    "<SubjectIdentifierType>certificateSubject</SubjectIdentifierType></AuthTokenRequest>"
)

#: Runs in the peer's Python: argv is the file with certificate and key, the document's, the seconds.
PEER = r"""
import json, sys, time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

pem, document, seconds = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes(), float(sys.argv[3])
start = pem.index(b"-----BEGIN CERTIFICATE-----")
key_pem, certificate_pem = pem[:start].decode(), pem[start:].decode()
certificate, key = x509.load_pem_x509_certificate(pem[start:]), load_pem_private_key(pem[:start], None)
try:
    name = "ksef-client " + version("ksef-client")
    from ksef_client.services.xades import sign_xades_enveloped
    text = document.decode()
    def once():
        return sign_xades_enveloped(text, certificate_pem, key_pem)
except PackageNotFoundError:
    name = "ksef2 " + version("ksef2")
    from ksef2.xades import sign_xades
    def once():
        return sign_xades(document, certificate, key)

signed = once()
end, count, began = time.perf_counter() + seconds, 0, time.perf_counter()
while time.perf_counter() < end:
    once()
    count += 1
rate = count / (time.perf_counter() - began)
signed = signed if isinstance(signed, str) else signed.decode()
print(json.dumps({"name": name, "rate": rate, "signed": signed}))
"""


def rate(once: Callable[[], object], seconds: float) -> float:
    """Calls a second, after one call to warm up."""
    once()
    began, count = time.perf_counter(), 0
    while time.perf_counter() < began + seconds:
        once()
        count += 1
    return count / (time.perf_counter() - began)


def bare(identity: Identity) -> Callable[[], object]:
    """The key's own work over 32 bytes, nothing around it."""
    key = identity.private_key
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda: key.sign(bytes(32), padding.PKCS1v15(), hashes.SHA256())
    return lambda: key.sign(bytes(32), ec.ECDSA(hashes.SHA256()))


def peer(python: str, identity: Identity, seconds: float) -> tuple[str, float]:
    """Name and rate of a peer; its signature must hold for our verifier, or the figure is void."""
    with tempfile.TemporaryDirectory() as folder:
        pem, document = Path(folder, "identity.pem"), Path(folder, "document.xml")
        pem.write_bytes(identity.to_pem())
        document.write_text(DOCUMENT, encoding="utf-8")
        done = subprocess.run(
            [python, "-c", PEER, str(pem), str(document), str(seconds)],
            capture_output=True,
            check=False,
            text=True,
        )
    if done.returncode:
        sys.exit(f"{python}: {done.stderr.strip().splitlines()[-1]}")
    answer = json.loads(done.stdout)
    verify(answer["signed"].encode(), expect_root=[ROOT])
    return answer["name"], answer["rate"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each figure is measured")
    parser.add_argument("--peer-python", action="append", default=[], metavar="PATH")
    wish = parser.parse_args()
    now = datetime.now(UTC)
    print(f"{'key':<9}{'what':<24}{'per second':>12}{'klucznik is':>14}")
    for label, identity in (
        ("RSA-2048", person("Ania", "Nowak", nip="5265877635", now=now, key="rsa")),
        ("P-256", person("Ania", "Nowak", nip="5265877635", now=now, key="ec")),
    ):
        document = DOCUMENT.encode()
        signed = sign(document, identity, signing_time=now)
        rows = [("bare key", rate(bare(identity), wish.seconds))]
        rows += [peer(python, identity, wish.seconds) for python in wish.peer_python]
        ours = rate(partial(sign, document, identity, signing_time=now), wish.seconds)
        for name, figure in rows:
            print(f"{label:<9}{name:<24}{figure:>12,.0f}{ours / figure:>13.2f}x")
        print(f"{label:<9}{'klucznik sign':<24}{ours:>12,.0f}")
        verified = rate(partial(verify, signed, expect_root=[ROOT]), wish.seconds)
        print(f"{label:<9}{'klucznik verify':<24}{verified:>12,.0f}{1e6 / verified:>11,.0f} µs")


if __name__ == "__main__":
    main()
