"""Printing sheets to files: where each goes, what is never overwritten, a bar for many.

What `klucznik invoice pdf` and `klucznik upo pdf` share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klucznik.cli.options import gathered
from klucznik.errors import KlucznikError, Unwritable
from klucznik.lang import tr

if TYPE_CHECKING:
    from rich.console import Console

    from klucznik.documents.view.blocks import Sheet

#: A file, as the sheet that is printed of it, and when it was made (Unix seconds).
MakeSheet = Callable[[Path, bytes], tuple["Sheet", int]]


@dataclass(frozen=True)
class Paper:
    """How and where to print: `output` for one file, `folder` for all, else beside each file."""

    output: Path | None
    folder: Path | None
    html: bool
    force: bool

    def targets(self, files: Sequence[Path]) -> list[Path]:
        """Where each file is printed to. No two to the same place, and none over a file that is read."""
        if self.output and (len(files) > 1 or self.folder):
            raise click.UsageError(
                tr(
                    "--output goes with one file; for more there is --output-dir.",
                    "--output dotyczy jednego pliku; dla wielu jest --output-dir.",
                )
            )
        ending = ".html" if self.html else ".pdf"
        beside = [(self.folder or file.parent) / f"{file.stem}{ending}" for file in files]
        targets = [self.output] if self.output else beside
        places = [target.resolve() for target in targets]
        for target, place in zip(targets, places, strict=True):
            if places.count(place) > 1:
                raise click.UsageError(
                    tr(
                        f"Several files would be printed to {target}: give them names of their own.",
                        f"Kilka plików trafiłoby do {target}: nadaj im różne nazwy.",
                    )
                )
            if place in {file.resolve() for file in files}:
                raise click.UsageError(
                    tr(f"{target} is what is to be printed.", f"{target} to plik do wydrukowania.")
                )
        return targets

    def print(self, files: Sequence[Path], make: MakeSheet) -> int:
        """Print each file, tell where; one that cannot be is told and left out. Gives the exit code."""
        targets = self.targets(files)
        worst = 0
        with _bar(len(files)) as advance:
            for file, target in zip(files, targets, strict=True):
                try:
                    self._refuse_to_overwrite(target)
                    content = self._printed(*make(file, file.read_bytes()))
                    self._write(target, content)
                except KlucznikError as error:
                    click.echo(f"{tr('Error: ', 'Błąd: ')}{file}: {error.message}", err=True)
                    if error.hint:
                        click.echo(tr("Hint: ", "Wskazówka: ") + error.hint, err=True)
                    worst = max(worst, error.exit_code)
                else:
                    click.echo(str(target))
                advance()
        return worst

    def _printed(self, sheet: Sheet, created: int) -> bytes:
        if self.html:
            from klucznik.documents.view import page

            return page.html(sheet).encode()
        from klucznik.documents.view import pdf

        return pdf.render(sheet, created=created)

    def _refuse_to_overwrite(self, target: Path) -> None:
        if target.exists() and not self.force:
            raise Unwritable(
                tr(f"{target} is there already.", f"{target} już istnieje."),
                hint=tr("--force writes over it", "--force go nadpisze"),
            )

    def _write(self, target: Path, content: bytes) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb" if self.force else "xb") as file:
                file.write(content)
        except OSError as failed:
            why = failed.strerror or str(failed)
            raise Unwritable(
                tr(f"{target} cannot be written: {why}", f"Nie można zapisać {target}: {why}")
            ) from None


@contextmanager
def _bar(count: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error, for several files and a person who watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    quiet = count < 2 or not console.is_terminal
    with Progress(*columns, console=console, disable=quiet, transient=True) as progress:
        task = progress.add_task(tr("printed", "wydrukowano"), total=count)
        yield lambda: progress.advance(task)


paper_options = gathered(
    "paper",
    Paper,
    click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help=tr(
            "The file to write; default: the same name, ending in .pdf.",
            "Plik wynikowy; domyślnie ta sama nazwa z .pdf.",
        ),
    ),
    click.option(
        "--output-dir",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        help=tr(
            "Folder to write to; default: beside each file.", "Katalog wyników; domyślnie obok każdego pliku."
        ),
    ),
    click.option("--html", is_flag=True, help=tr("HTML instead of PDF.", "HTML zamiast PDF.")),
    click.option("--force", is_flag=True, help=tr("Write over files.", "Nadpisuj pliki.")),
)

language_option = click.option(
    "--language",
    type=click.Choice(["pl", "en"]),
    default=None,
    help=tr(
        "Language of the labels; default: that of the terminal.", "Język opisów; domyślnie język terminala."
    ),
)

watermark_option = click.option(
    "--watermark",
    default="",
    metavar="TEXT",
    help=tr("Printed across each page.", "Drukowany w poprzek każdej strony."),
)


def console() -> Console:
    """Standard output for sheets: as wide as the terminal."""
    from klucznik.cli.screen import Screen

    return Screen()
