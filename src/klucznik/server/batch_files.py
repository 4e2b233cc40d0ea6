"""Where the parts of batch sessions lie until they are unpacked: a folder for each session.

In the data folder, or in a temporary one of a local KSeF in memory. No name in it comes from a caller.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


class BatchFiles:
    """The files of one local KSeF, and the thread that works on them: one, so that the rest is served."""

    def __init__(self, data: Path | None) -> None:
        self._folder = data / "batches" if data else None
        self._pool: ThreadPoolExecutor | None = None
        #: Whether what a crash left behind has been cleared away since the start.
        self.swept = False

    @property
    def pool(self) -> ThreadPoolExecutor:
        """The thread for long work."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "batch")
        return self._pool

    def of(self, ref: str) -> Path:
        """The folder of a session; it need not exist."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="klucznik-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder / ref

    def new(self, ref: str, name: str) -> Path:
        """The place of a new file of a session, its folder made."""
        folder = self.of(ref)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / name

    def refs(self) -> list[str]:
        """The sessions that have files."""
        if self._folder is None or not self._folder.is_dir():
            return []
        return [entry.name for entry in self._folder.iterdir()]

    def drop(self, ref: str) -> None:
        """Delete the files of a session; none is no fault."""
        shutil.rmtree(self.of(ref), ignore_errors=True)
