"""The command line. `main` is what the `klucznik` command starts."""

from __future__ import annotations


def main() -> None:
    """Run a command and end the process with its exit code."""
    from klucznik.cli import polish

    polish.install()  # before click is imported: click looks its own texts up through gettext
    from klucznik.cli.root import run

    run()
