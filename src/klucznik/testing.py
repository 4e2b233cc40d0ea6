"""For tests, ours and other people's: a local KSeF in the same process, on a free port.

with local_ksef() as ksef:
    client = Ksef(ksef.url)
"""

from __future__ import annotations

from klucznik.server.embedded import CannotManage, RunningKsef, local_ksef

__all__ = ["CannotManage", "RunningKsef", "local_ksef"]
