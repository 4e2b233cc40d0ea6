"""One of several processes that answer for a local KSeF, portal included; started by `klucznik ksef serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from klucznik.cli.portal import portal_of
from klucznik.server import worker
from klucznik.server.local import LocalKsef


def _web(ksef: LocalKsef, told: Any) -> Any:
    authority = Path(told["authority"]) if told["authority"] else None
    return portal_of(ksef, told["api"], told["door"], loopback=told["loopback"], authority=authority)


if __name__ == "__main__":
    options, api, link = sys.argv[1:]
    worker.main(options, api, link, _web)
