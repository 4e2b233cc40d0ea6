"""What KSeF warns of beside its answers (X-System-Warning), on standard error: each text once."""

from __future__ import annotations

import logging

import click

from klucznik.lang import tr


class Once(logging.Handler):
    """Says a warning the first time it comes; a command may get the same one with every call."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: set[object] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = getattr(record, "text", record.getMessage())
        if text not in self._said:
            self._said.add(text)
            click.echo(tr("KSeF warns: ", "KSeF ostrzega: ") + str(text), err=True)


def listen() -> None:
    """From now on, for this process."""
    log = logging.getLogger("klucznik.client.warnings")
    if not any(isinstance(handler, Once) for handler in log.handlers):
        log.addHandler(Once())
        log.propagate = False
