"""What both walks share: the order read from standard input, a JSON object a step on standard output.

Runs in a peer's environment, so it knows nothing of Klucznik and needs only the standard library.
"""

import base64
import json
import socket
import sys
import time

PATIENCE_SECONDS = 30


def given():
    """The order: where the server is, certificates, invoices in Base64."""
    return json.load(sys.stdin)


def tell(step, **facts):
    """One step is done; values the JSON does not know are told as text, bytes as Base64."""
    print(json.dumps({"step": step, **facts}, default=_plain), flush=True)


def _plain(value):
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)


def until(ask, done):
    """Ask until `done` of the answer holds. Every question is a call over the network: no pause."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = ask()
        if done(answer):
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"still not there after {PATIENCE_SECONDS} s: {answer}")


def pem(label, der):
    """DER in PEM's armour."""
    lines = base64.encodebytes(der).decode("ascii")
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n"


def resolve(host, address):
    """In this process `host` is `address`, whatever the machine's resolver says."""
    really = socket.getaddrinfo

    def getaddrinfo(name, *rest, **options):
        return really(address if name in (host, host.encode()) else name, *rest, **options)

    socket.getaddrinfo = getaddrinfo
