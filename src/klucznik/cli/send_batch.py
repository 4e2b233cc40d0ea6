"""`klucznik send --batch`: files and folders in packages, one for each form and 10,000 invoices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from klucznik.errors import Unreadable
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.client.batch import Sent
    from klucznik.client.ksef import Ksef
    from klucznik.client.sending import Document, Result
    from klucznik.documents.forms import Form


def files_in(given: Sequence[Path]) -> list[Path]:
    """The files, and of folders every *.xml below them, in order of their names."""
    found: list[Path] = []
    for path in given:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(each for each in path.rglob("*.xml") if each.is_file())
        if not inside:
            raise Unreadable(
                tr(f"{path}: no *.xml in this folder.", f"{path}: w tym katalogu nie ma *.xml."),
                hint=tr("is this the folder you meant?", "czy to ten katalog?"),
            )
        found += inside
    return found


def send_packages(
    ksef: Ksef, files: Sequence[Path], upo_folder: Path | None, *, offline: bool
) -> Iterator[tuple[Result, Path | None]]:
    """Send all of them; each result with the file in which its UPO lies. Files are read one by one."""
    from klucznik.cli.send import form_of, save_upo
    from klucznik.client import batch
    from klucznik.wire.common import FormCode

    by_form: dict[Form, list[Path]] = {}
    for path in files:
        by_form.setdefault(form_of(path.name, path.read_bytes()), []).append(path)
    for form, paths in by_form.items():
        code = FormCode(system_code=form.system_code, schema_version=form.schema_version, value=form.value)
        for at in range(0, len(paths), batch.MOST_INVOICES):
            some = paths[at : at + batch.MOST_INVOICES]
            sent = ksef.run(batch.send(_read(some), code, batch.Options(offline=offline)))
            saved = _save_pages(sent, upo_folder or some[0].parent)
            for result in sent.results:
                yield result, saved if result.outcome == "accepted" else save_upo(result, upo_folder)


def _read(paths: Sequence[Path]) -> Iterator[Document]:
    from klucznik.client.sending import Document

    for path in paths:
        yield Document(str(path), path.read_bytes())


def _save_pages(sent: Sent, folder: Path) -> Path | None:
    """The pages of the session's UPO as `UPO_<session>.xml`, a second one as `UPO_<session>_2.xml`; the
    first one's path."""
    first = None
    for number, page in enumerate(sent.upo, 1):
        path = folder / f"UPO_{sent.session}{'' if number == 1 else f'_{number}'}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page)
        first = first or path
    return first
