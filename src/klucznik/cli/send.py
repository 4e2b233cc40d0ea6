"""`klucznik send`: invoices from files, each followed to its number and UPO."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klucznik.cli.common import FILE_OR_FOLDER, data_home, print_json
from klucznik.cli.options import (
    Place,
    Unlock,
    company_client,
    company_option,
    json_option,
    ksef_option,
    name_option,
    vault_options,
)
from klucznik.errors import Unreadable
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.client.ksef import Ksef
    from klucznik.client.sending import Document, Result
    from klucznik.documents.forms import Form

#: For a person: sign and words of each outcome.
_SIGNS = {
    "accepted": ("✓", tr("accepted", "przyjęta")),
    "accepted-earlier": (
        "✓",
        tr("accepted earlier, the same document", "przyjęta wcześniej, ten sam dokument"),
    ),
    "refused": ("✗", tr("refused", "odrzucona")),
    "conflict": ("✗", tr("duplicate number of another document", "numer zajęty przez inny dokument")),
    "undecided": ("?", tr("sent, not decided yet", "wysłana, jeszcze bez wyniku")),
    "not-sent": ("?", tr("not sent", "niewysłana")),
}

FAILED_WORDS = {outcome: words for outcome, (_, words) in _SIGNS.items()}


@click.command(
    help=tr(
        "Send invoices with the company's KSeF token and fetch their UPO.\n\nEach file is sent once: run "
        "the same command again after a crash or a broken line, and it first finds out what became of the "
        "files. Exit code 0 when every file is accepted, 1 when one is refused, 2 when one is undecided.",
        "Wyślij faktury tokenem KSeF firmy i pobierz ich UPO.\n\nKażdy plik jest wysyłany raz: po awarii albo "
        "zerwanym połączeniu uruchom to samo polecenie, a najpierw sprawdzi, co stało się z plikami. Kod "
        "wyjścia 0, gdy wszystkie pliki przyjęto, 1, gdy któryś odrzucono, 2, gdy któryś jest bez wyniku.",
    )
)
@click.argument("files", nargs=-1, required=True, type=FILE_OR_FOLDER)
@company_option()
@name_option()
@click.option(
    "--upo",
    "upo_folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help=tr(
        "Folder for the UPO files, default: beside each invoice.",
        "Katalog na pliki UPO, domyślnie obok faktury.",
    ),
)
@click.option(
    "--offline",
    is_flag=True,
    help=tr("Invoices issued in offline mode.", "Faktury wystawione w trybie offline."),
)
@click.option(
    "--batch",
    "in_package",
    is_flag=True,
    help=tr(
        "All in one package, for many invoices; a folder stands for the *.xml in it, and the UPO is one file.",
        "Wszystkie w jednej paczce, dla wielu faktur; katalog oznacza pliki *.xml w nim, a UPO jest jednym plikiem.",
    ),
)
@vault_options
@ksef_option
@json_option
def send(
    files: tuple[Path, ...],
    nip: str,
    name: str | None,
    upo_folder: Path | None,
    offline: bool,
    in_package: bool,
    unlock: Unlock,
    place: Place,
    as_json: bool,
) -> int:
    if in_package:
        from klucznik.cli.send_batch import files_in, send_packages

        ksef = company_client(place, nip, name, unlock)
        return _report(send_packages(ksef, files_in(files), upo_folder, offline=offline), as_json=as_json)
    from klucznik.client.sending import Document

    if folders := [str(path) for path in files if path.is_dir()]:
        raise Unreadable(
            tr(f"{folders[0]} is a folder.", f"{folders[0]} to katalog."),
            hint=tr(
                "name files, or send it as a package: --batch.",
                "podaj pliki albo wyślij go jako paczkę: --batch.",
            ),
        )

    by_form: dict[Form, list[Document]] = {}
    for path in files:
        content = path.read_bytes()
        by_form.setdefault(form_of(path.name, content), []).append(Document(str(path), content))
    ksef = company_client(place, nip, name, unlock)
    journal_path = (
        data_home() / "journal" / f"{re.sub(r'[^A-Za-z0-9.-]+', '_', place.environment)}-{nip}.jsonl"
    )
    results: list[Result] = []
    for form, documents in by_form.items():
        results += send_documents(ksef, journal_path, form, documents, offline=offline, quiet=as_json)
    return _report(((result, save_upo(result, upo_folder)) for result in results), as_json=as_json)


def _report(results: Iterable[tuple[Result, Path | None]], *, as_json: bool) -> int:
    """Tell each result as it comes; the exit code of all."""
    seen: list[Result] = []
    for result, saved in results:
        seen.append(result)
        if as_json:
            print_json(as_dict(result, saved))
        else:
            tell(result, saved)
    if any(result.outcome in ("undecided", "not-sent") for result in seen):
        return 2
    return 0 if all(result.is_accepted for result in seen) else 1


def form_of(name: str, content: bytes) -> Form:
    """The form of an invoice, by its root; raises `Unreadable` for what is no invoice."""
    from klucznik.documents.invoice import DocumentFault
    from klucznik.documents.recognise import recognise
    from klucznik.documents.xml import XmlProblem, parse

    try:
        root = parse(content)
    except XmlProblem as problem:
        raise Unreadable(
            tr(
                f"{name} is not an XML that KSeF reads: {problem.message}",
                f"{name} to nie XML czytelny dla KSeF: {problem.message}",
            ),
            hint=problem.hint,
        ) from None
    try:
        return recognise(root)
    except DocumentFault as fault:
        raise Unreadable(
            tr(f"{name} is not an invoice: {fault.message}", f"{name} to nie faktura: {fault.message}"),
            hint=tr("is this the file you meant?", "czy to ten plik?"),
        ) from None


def send_documents(
    ksef: Ksef, journal_path: Path, form: Form, documents: Sequence[Document], *, offline: bool, quiet: bool
) -> list[Result]:
    """One form's documents in one session (or as many as it takes), with a bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from klucznik.client.journal import Entry, FileJournal, open_journal
    from klucznik.client.sending import Options, send_and_wait
    from klucznik.wire.common import FormCode

    code = FormCode(system_code=form.system_code, schema_version=form.schema_version, value=form.value)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        open_journal(journal_path) as journal,
        Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar,
    ):
        sent = bar.add_task(tr("sent", "wysłano"), total=len(documents))
        done = bar.add_task(tr("decided", "rozstrzygnięto"), total=len(documents))

        class Watched:
            """The journal, with the bar moved at each step."""

            def __init__(self, kept: FileJournal) -> None:
                self.get = kept.get
                self._kept = kept

            def put(self, entry: Entry) -> None:
                self._kept.put(entry)
                if entry.stage == "sent":
                    bar.advance(sent)
                elif entry.stage == "settled":
                    bar.advance(done)

        return ksef.run(send_and_wait(documents, Watched(journal), code, Options(offline=offline)))


def save_upo(result: Result, folder: Path | None) -> Path | None:
    """Write the UPO beside the invoice (or into a folder) as `UPO_<KSeF number>.xml`."""
    if result.upo is None:
        return None
    target = (folder or Path(result.name).parent) / f"UPO_{result.ksef_number}.xml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(result.upo)
    return target


def as_dict(result: Result, saved: Path | None) -> dict[str, object]:
    """A result for programs."""
    return {
        "file": result.name,
        "invoiceHash": result.hash,
        "outcome": result.outcome,
        "ksefNumber": result.ksef_number or None,
        "sessionReferenceNumber": result.session or None,
        "referenceNumber": result.reference or None,
        "code": result.code or None,
        "details": list(result.words),
        "upo": str(saved) if saved else None,
    }


def tell(result: Result, saved: Path | None) -> None:
    """A result for a person: a sign, the file, what became of it, and why."""
    sign, words = _SIGNS[result.outcome]
    number = f"  {result.ksef_number}" if result.ksef_number else ""
    click.echo(f"{sign} {result.name}: {words}{number}")
    for line in result.words:
        code = f"{result.code} " if result.code and line is result.words[0] else ""
        click.echo(f"    {code}{line}")
    if result.hint:
        click.echo(f"    {tr('hint', 'wskazówka')}: {result.hint}")
    if saved:
        click.echo(f"    UPO {saved}")
    elif result.is_accepted:
        click.echo("    " + tr("UPO pending: klucznik upo get", "UPO jeszcze nie ma: klucznik upo get"))
