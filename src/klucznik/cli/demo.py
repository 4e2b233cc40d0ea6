"""`klucznik demo`: the whole way, from a KSeF token to a UPO, on a local KSeF of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klucznik.cli.common import FILE
from klucznik.cli.doctor import lines
from klucznik.cli.send import FAILED_WORDS, form_of, save_upo
from klucznik.errors import KlucznikError, Refused
from klucznik.lang import tr

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from klucznik.client.flow import Flow
    from klucznik.client.ksef import Ksef
    from klucznik.client.sending import Document, Result
    from klucznik.secret import Secret
    from klucznik.vault.vault import Vault
    from klucznik.wire.invoices import InvoiceMetadata

#: Made up for the demo: the checksums are right, the firms and the person do not exist.
SELLER_NIP, BUYER_NIP, PESEL = "5265877635", "1111111111", "85010112345"
PERMISSIONS = ("InvoiceWrite", "InvoiceRead")


@click.command(
    help=tr(
        "Walk from a KSeF token to a UPO on a local KSeF.\n\nA person logs in with a signature, generates a "
        "KSeF token, the token goes into a vault, an ERP sends invoices with it, UPO receipts come back and "
        "are verified, the buyer receives, the token is revoked. With FILE the walk sends your own invoices, "
        "whose seller becomes the company. Nothing leaves this machine, and nothing is left running.",
        "Droga od tokena KSeF do UPO na lokalnym KSeF.\n\nOsoba loguje się podpisem, generuje token KSeF, token "
        "trafia do sejfu, ERP wysyła nim faktury, wracają UPO i są weryfikowane, nabywca odbiera, token zostaje "
        "unieważniony. Z PLIK wysyłane są Twoje faktury, a ich sprzedawca staje się firmą. Nic nie opuszcza tego "
        "komputera i nic nie zostaje uruchomione.",
    )
)
@click.argument(
    "files",
    nargs=-1,
    type=FILE,
    metavar=tr("[FILE]...", "[PLIK]..."),
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("klucznik-demo"),
    show_default=True,
    help=tr("Folder for what the walk writes.", "Katalog na to, co powstanie."),
)
def demo(files: tuple[Path, ...], out: Path) -> None:
    began = time.perf_counter()
    written = walk(files, out)
    click.echo()
    click.echo(tr("Written:", "Zapisano:"))
    for path in written:
        click.echo(f"  {path}")
    seconds = time.perf_counter() - began
    click.echo(tr(f"Done in {seconds:.1f} s.", f"Gotowe w {seconds:.1f} s."))


@contextmanager
def step(title: str) -> Iterator[Callable[[str], None]]:
    """One step: a tick, its name and time when it is done, then what it has to say."""
    began = time.perf_counter()
    lines: list[str] = []
    try:
        yield lines.append
    except KlucznikError:
        click.echo(f"✗ {title}")
        raise
    click.echo(f"✓ {title}  ({time.perf_counter() - began:.2f} s)")
    for line in lines:
        click.echo(f"    {line}")


def walk(files: Sequence[Path], out: Path) -> list[Path]:
    """The way itself; returns what was written, in order."""
    from klucznik.client import auth, doctor, testdata, tokens
    from klucznik.client.ksef import Ksef
    from klucznik.clock import SystemClock
    from klucznik.crypto import authority
    from klucznik.server.embedded import local_ksef
    from klucznik.vault.entries import Entry

    now = SystemClock().now()
    invoices = read_files(files) if files else sample_files(out, now)
    nip, buyer = parties(invoices[0])
    written = [] if files else [Path(document.name) for document in invoices]

    with local_ksef() as running:
        click.echo(
            tr(
                f"✓ A local KSeF runs at {running.url} (a test system of this program, not the Ministry's)",
                f"✓ Lokalny KSeF działa pod {running.url} (system testowy tego programu, nie Ministerstwa)",
            )
        )

        with step(
            tr("A person logs in with a signature (XAdES)", "Osoba loguje się podpisem (XAdES)")
        ) as told:
            person = authority.person("Anna", "Przykładowa", pesel=PESEL, now=now)
            owner = Ksef(running.url)
            owner.call(testdata.create_person(nip, PESEL, "Demo: sole trader"))
            owner.run(auth.login_with_identity("Nip", nip, person))
            told(
                tr(
                    f"Anna Przykładowa, PESEL {PESEL}, in the context of NIP {nip}: Owner",
                    f"Anna Przykładowa, PESEL {PESEL}, w kontekście NIP {nip}: właścicielka (Owner)",
                )
            )

        with step(tr("She generates a KSeF token", "Generuje token KSeF")) as told:
            issued = owner.run(tokens.generate_and_wait(PERMISSIONS, "Demo: ERP"))
            reference = issued.reference_number
            told(f"{reference}  {', '.join(PERMISSIONS)}")
            told(
                tr(
                    "KSeF shows the token this one time and keeps only a hash",
                    "KSeF pokazuje token ten jeden raz i zachowuje tylko skrót",
                )
            )

        with step(tr("The token goes into a vault", "Token trafia do sejfu")) as told:
            vault = new_vault(out)
            note = {"reference": reference, "permissions": ",".join(PERMISSIONS)}
            entry = Entry("local", nip, "demo", "ksef-token")
            vault.put(entry, issued.token, note=note)
            told(
                tr(
                    "encrypted with AES-256-GCM; the key file opens it",
                    "zaszyfrowany AES-256-GCM; otwiera go plik klucza",
                )
            )
            written += [out / "vault.db", out / "vault.key"]

        with step(
            tr("Connection test with the token from the vault", "Test połączenia tokenem z sejfu")
        ) as told:
            erp = Ksef(running.url)
            login = auth.login_with_token(vault.use(entry))
            for line in lines(erp.run(doctor.examine(login, token_reference=reference, wanted=PERMISSIONS))):
                told(line)

        with step(tr("The ERP sends its invoices", "ERP wysyła faktury")) as told:
            erp.run(auth.login_with_token(vault.use(entry)))
            results = send_all(erp, invoices)
            for result in results:
                tell_result(result, told)

        accepted = [result for result in results if result.is_accepted]
        with step(tr("UPO saved and verified", "UPO zapisane i zweryfikowane")) as told:
            seal = running.ksef.keys.seal.certificate
            for result in accepted:
                written.append(verified_upo(result, out / "upo", seal, told))
            if not accepted:
                told(
                    tr(
                        "no invoice was accepted, so there is no UPO",
                        "żadna faktura nie została przyjęta, więc nie ma UPO",
                    )
                )

        with step(tr("The buyer receives", "Nabywca odbiera")) as told:
            if buyer:
                written += received_by(running.url, buyer, now, out / "received", told)
            else:
                told(
                    tr(
                        "the buyer has no Polish NIP, so nobody receives in KSeF",
                        "nabywca nie ma polskiego NIP, więc nikt nie odbierze w KSeF",
                    )
                )

        with step(tr("The token is revoked", "Token zostaje unieważniony")) as told:
            owner.run(tokens.revoke_and_wait(reference))
            told(refused_login(running.url, vault.use(entry)))
        vault.close()
    if not accepted:
        raise Refused(
            tr("KSeF accepted none of the invoices.", "KSeF nie przyjął żadnej z faktur."),
            hint=tr("the reasons stand above, in KSeF's own words", "powody są wyżej, słowami KSeF"),
        )
    return written


def read_files(files: Sequence[Path]) -> list[Document]:
    """The user's own invoices."""
    from klucznik.client.sending import Document

    documents = [Document(str(path), path.read_bytes()) for path in files]
    for document in documents:
        form_of(document.name, document.content)
    return documents


def sample_files(out: Path, now: datetime) -> list[Document]:
    """Three invoices of our own making: a good one, a faulty one, and a second one with the first's number."""
    from klucznik.client.sending import Document
    from klucznik.clock import WARSAW
    from klucznik.documents import samples

    today = now.astimezone(WARSAW).date()
    number = f"DEMO/{now:%Y%m%d}/{now:%H%M%S}"
    earlier = now - timedelta(minutes=1)
    made = {
        "good.xml": samples.invoice(SELLER_NIP, BUYER_NIP, f"{number}/1", today, now),
        "faulty.xml": samples.faulty_invoice(SELLER_NIP, BUYER_NIP, f"{number}/2", today, now),
        "duplicate.xml": samples.invoice(SELLER_NIP, BUYER_NIP, f"{number}/1", today, earlier),
    }
    folder = out / "invoices"
    folder.mkdir(parents=True, exist_ok=True)
    documents = []
    for name, content in made.items():
        (folder / name).write_bytes(content)
        documents.append(Document(str(folder / name), content))
    return documents


def parties(document: Document) -> tuple[str, str | None]:
    """Seller's NIP, and buyer's if it is one; a faulty document falls back to a reading of its seller."""
    from klucznik.documents import facts
    from klucznik.documents.invoice import DocumentFault

    form = form_of(document.name, document.content)
    try:
        found = facts.read(document.content, form)
    except DocumentFault as fault:
        raise Refused(
            tr(
                f"{document.name} does not follow its schema, so the demo cannot tell its seller: {fault.message}",
                f"{document.name} nie jest zgodny ze schemą, więc demo nie zna sprzedawcy: {fault.message}",
            ),
            hint=tr("name a valid invoice first", "podaj najpierw poprawną fakturę"),
        ) from None
    return found.seller_nip, found.buyer.value if found.buyer.type == "Nip" else None


def new_vault(out: Path) -> Vault:
    """A vault of the demo's own, with a key file of its own; the one of an earlier demo goes."""
    from klucznik.vault.keys import KeyFile
    from klucznik.vault.vault import Vault

    out.mkdir(parents=True, exist_ok=True)
    for old in (*out.glob("vault.db*"), out / "vault.key"):
        old.unlink(missing_ok=True)
    return Vault.create(out / "vault.db", KeyFile.create(out / "vault.key"))


def send_all(erp: Ksef, documents: Sequence[Document]) -> list[Result]:
    """Each form in a session of its own; results in the order of the documents."""
    from klucznik.client.journal import MemoryJournal
    from klucznik.client.sending import send_and_wait
    from klucznik.wire.common import FormCode

    forms = {document.name: form_of(document.name, document.content) for document in documents}
    results: dict[str, Result] = {}
    for form in dict.fromkeys(forms.values()):
        code = FormCode(system_code=form.system_code, schema_version=form.schema_version, value=form.value)
        chosen = [document for document in documents if forms[document.name] is form]
        for result in erp.run(send_and_wait(chosen, MemoryJournal(), code)):
            results[result.name] = result
    return [results[document.name] for document in documents]


def tell_result(result: Result, told: Callable[[str], None]) -> None:
    """What became of one file, in plain words, then in KSeF's own."""
    name = Path(result.name).name
    if result.outcome == "accepted":
        told(
            f"✓ {name}: {tr('accepted', 'przyjęta')}, {tr('KSeF number', 'numer KSeF')} {result.ksef_number}"
        )
        return
    told(f"✗ {name}: {FAILED_WORDS[result.outcome]}")
    for line in result.words[:2]:
        code = f"{result.code} " if line is result.words[0] and result.code else ""
        told(f"    {code}„{line}”")


def verified_upo(result: Result, folder: Path, seal: Certificate, told: Callable[[str], None]) -> Path:
    """Save a UPO; verify that the local Ministry signed it, and that it confirms exactly what was sent."""
    from klucznik.documents import upo

    saved = save_upo(result, folder)
    if saved is None or result.upo is None:
        raise KlucznikError(
            tr(f"No UPO came for {result.ksef_number}.", f"Nie ma UPO dla {result.ksef_number}.")
        )
    report = upo.verify(result.upo, invoice_hashes={result.ksef_number: result.hash}, trusted=[seal])
    if not report.in_order:
        raise KlucznikError("; ".join(finding.message for finding in report.findings))
    told(
        f"{saved.name}: {tr('signature valid, hash of the invoice agrees', 'podpis ważny, skrót faktury zgodny')}"
    )
    told(f"{tr('signed by', 'podpisane przez')} {report.signer}")
    return saved


def received_by(
    url: str, buyer_nip: str, since: datetime, folder: Path, told: Callable[[str], None]
) -> list[Path]:
    """The buyer logs in with a seal and receives what was stored since the demo began."""
    from klucznik.client import auth, receiving
    from klucznik.client.flow import Pause
    from klucznik.client.ksef import Ksef
    from klucznik.crypto import authority

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    buyer = Ksef(url)
    buyer.run(
        auth.login_with_identity(
            "Nip", buyer_nip, authority.seal("Nabywca Przykładowy", buyer_nip, now=since)
        )
    )
    written: list[Path] = []

    def keep(item: InvoiceMetadata, xml: bytes) -> None:
        path = folder / f"{item.ksef_number}.xml"
        path.write_bytes(xml)
        written.append(path)
        told(f"{item.ksef_number}  {item.invoice_number}  {item.gross_amount} {item.currency}")

    def until_stored() -> Flow[None]:
        """An accepted invoice can be received once it is stored for good: moments later."""
        for _ in range(60):
            received = yield from receiving.receive_since("Subject2", since - timedelta(minutes=5), keep)
            if received.count:
                return
            yield Pause(1.0)

    buyer.run(until_stored())
    return written


def refused_login(url: str, ksef_token: Secret) -> str:
    """The next use of a revoked token, in KSeF's words."""
    from klucznik.client import auth
    from klucznik.client.ksef import Ksef

    try:
        Ksef(url).run(auth.login_with_token(ksef_token))
    except Refused as refused:
        words = ", ".join(refused.details)
        return tr(
            f"the next use is refused: {refused.code} „{words}”",
            f"następne użycie: odmowa {refused.code} „{words}”",
        )
    raise KlucznikError(tr("A revoked token still logged in.", "Unieważniony token nadal się zalogował."))
