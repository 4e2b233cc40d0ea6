"""`klucznik session`: the sessions in which invoices were sent, and what became of each invoice."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.access import Access, access_options
from klucznik.cli.arguments import SESSION, ReferenceType, period, period_options
from klucznik.cli.common import print_json
from klucznik.cli.options import json_option
from klucznik.cli.showing import Column, dumped, minute, show_all, show_facts, stacked, waiting
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.sessions import SessionInvoiceStatusResponse, SessionStatusResponse

_STATUSES = ("InProgress", "Succeeded", "Failed", "Cancelled")
_DAYS = 30

_session_argument = click.argument("session_reference", metavar=SESSION.name, type=SESSION)


@click.group(
    help=tr(
        "The sessions in which invoices were sent: list, look into, close.\n\nYou see your own; with "
        "Introspection all of the company.",
        "Sesje, w których wysłano faktury: lista, szczegóły, zamknięcie.\n\nWidać własne; z uprawnieniem "
        "Introspection wszystkie sesje firmy.",
    )
)
def session() -> None:
    pass


@session.command(
    "list",
    help=tr("List sessions, newest first.", "Pokaż sesje, od najnowszej."),
)
@access_options
@click.option(
    "--type",
    "kinds",
    type=click.Choice(["Online", "Batch"], case_sensitive=False),
    multiple=True,
    default=("Online", "Batch"),
    help=tr("Online or batch sessions; default: both.", "Sesje interaktywne lub wsadowe; domyślnie obie."),
)
@click.option(
    "--status",
    "statuses",
    type=click.Choice(_STATUSES, case_sensitive=False),
    multiple=True,
    help=tr("Only in this state (repeatable).", "Tylko w tym stanie (można powtarzać)."),
)
@period_options(_DAYS)
@json_option
def list_(
    access: Access,
    kinds: tuple[str, ...],
    statuses: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    from klucznik.client import sessions

    begin, end = period(since, until, _DAYS)
    ksef = access.login()
    found = [
        item
        for kind in dict.fromkeys(kinds)
        for item in ksef.run(sessions.query_all(kind, since=begin, until=end, statuses=statuses))
    ]
    found.sort(key=lambda item: item.date_created, reverse=True)
    opened = Column(tr("opened", "otwarta"), lambda item: minute(item.date_created), whole=True)
    counts = [
        Column(tr("sent", "wysłane"), lambda item: item.total_invoice_count, right=True),
        Column(tr("refused", "odrzucone"), lambda item: item.failed_invoice_count, right=True),
    ]
    show_all(
        found,
        [
            Column(tr("session", "sesja"), lambda item: item.reference_number, whole=True),
            opened,
            Column(tr("state", "stan"), lambda item: f"{item.status.code} {item.status.description}"),
            *counts,
        ],
        narrow=[
            Column(
                tr("session, state", "sesja, stan"),
                lambda item: stacked(item.reference_number, f"{item.status.code} {item.status.description}"),
            ),
            opened,
            *counts,
        ],
        as_json=as_json,
    )


@session.command(
    short_help=tr("Show a session, or one invoice of it.", "Pokaż sesję albo jedną fakturę z niej."),
    help=tr(
        "Show a session: its state, its counts, its UPO; with --invoice one invoice of it.\n\nExit code 1 "
        "where the session or the invoice ended in failure.",
        "Pokaż sesję: stan, liczby, UPO; z --invoice jedną fakturę z niej.\n\nKod wyjścia 1, gdy sesja lub "
        "faktura skończyła się błędem.",
    ),
)
@_session_argument
@access_options
@click.option(
    "--invoice",
    type=ReferenceType("EE"),
    default=None,
    help=tr("Reference number of an invoice (…-EE-…).", "Numer referencyjny faktury (…-EE-…)."),
)
@json_option
def show(session_reference: str, access: Access, invoice: str | None, as_json: bool) -> int:
    from klucznik.client import sessions

    ksef = access.login()
    if invoice is not None:
        one = ksef.call(sessions.invoice(session_reference, invoice))
        return _tell_invoice(one, as_json=as_json)
    return _tell(session_reference, ksef.call(sessions.status(session_reference)), as_json=as_json)


@session.command(
    help=tr(
        "List the invoices of a session, with --failed those that KSeF refused.",
        "Pokaż faktury z sesji, z --failed te, które KSeF odrzucił.",
    )
)
@_session_argument
@access_options
@click.option("--failed", is_flag=True, help=tr("Only the refused ones.", "Tylko odrzucone."))
@json_option
def invoices(session_reference: str, access: Access, failed: bool, as_json: bool) -> None:
    from klucznik.client import sessions

    found = access.login().run(sessions.all_invoices(session_reference, only_failed=failed))
    if failed and not as_json and found:
        for item in found:
            _tell_refused(item)
        return
    number = Column("#", lambda item: item.ordinal_number, right=True)
    state = Column(tr("state", "stan"), lambda item: item.status.code, right=True)
    invoice = Column(tr("invoice", "faktura"), lambda item: item.invoice_number or item.invoice_file_name)
    show_all(
        found,
        [
            number,
            invoice,
            state,
            Column(tr("KSeF number", "numer KSeF"), lambda item: item.ksef_number or item.status.description),
            Column(
                tr("reference number", "numer referencyjny"), lambda item: item.reference_number, whole=True
            ),
        ],
        narrow=[
            number,
            invoice,
            state,
            Column(
                tr("KSeF number, reference number", "numer KSeF, numer referencyjny"),
                lambda item: stacked(item.ksef_number or item.status.description, item.reference_number),
                whole=True,
            ),
        ],
        as_json=as_json,
    )


@session.command(
    help=tr(
        "Close a session that was left open, and wait until it is decided.\n\nSending closes its sessions by "
        "itself; KSeF closes them after twelve hours.",
        "Zamknij otwartą sesję i poczekaj na jej wynik.\n\nWysyłka sama zamyka swoje sesje; KSeF zamyka je "
        "po dwunastu godzinach.",
    )
)
@_session_argument
@access_options
@json_option
def close(session_reference: str, access: Access, as_json: bool) -> int:
    from klucznik.client import sessions

    ksef = access.login()
    with waiting(tr("KSeF decides …", "KSeF rozstrzyga …")):
        status = ksef.run(sessions.close_and_wait(session_reference, is_batch="-SB-" in session_reference))
    return _tell(session_reference, status, as_json=as_json)


def _tell(reference: str, found: SessionStatusResponse, *, as_json: bool) -> int:
    """A session; gives the exit code."""
    if as_json:
        print_json({"referenceNumber": reference, **dumped(found)})
    else:
        counts = (found.invoice_count, found.successful_invoice_count, found.failed_invoice_count)
        sent, accepted, refused = (count or 0 for count in counts)
        facts: list[tuple[str, object]] = [
            (tr("session", "sesja"), reference),
            *_state(found.status),
            (tr("opened", "otwarta"), minute(found.date_created)),
            (tr("changed", "zmieniona"), minute(found.date_updated)),
            (tr("open until", "otwarta do"), minute(found.valid_until)),
            (
                tr("invoices", "faktury"),
                tr(
                    f"{sent} sent, {accepted} accepted, {refused} refused",
                    f"{sent} wysłanych, {accepted} przyjętych, {refused} odrzuconych",
                ),
            ),
        ]
        pages = found.upo.pages if found.upo else []
        facts += [(tr("UPO page", "strona UPO"), page.reference_number) for page in pages]
        show_facts(facts)
    return 0 if found.status.code <= 200 else 1


def _tell_invoice(found: SessionInvoiceStatusResponse, *, as_json: bool) -> int:
    """One invoice; gives the exit code."""
    if as_json:
        print_json(dumped(found))
    else:
        show_facts(
            [
                (tr("invoice", "faktura"), found.invoice_number),
                *_state(found.status),
                (tr("KSeF number", "numer KSeF"), found.ksef_number),
                (tr("file", "plik"), found.invoice_file_name),
                (tr("received", "przyjęta do KSeF"), minute(found.invoicing_date)),
                (tr("numbered", "nadano numer"), minute(found.acquisition_date)),
                (tr("mode", "tryb"), found.invoicing_mode.value if found.invoicing_mode else None),
                (tr("hash", "skrót"), found.invoice_hash),
            ]
        )
    return 0 if found.status.code <= 200 else 1


def _tell_refused(item: SessionInvoiceStatusResponse) -> None:
    """A refused invoice with KSeF's reasons."""
    click.echo(f"✗ {item.ordinal_number}. {item.invoice_number or item.invoice_file_name or ''}".rstrip())
    click.echo(f"    {item.reference_number}")
    click.echo(f"    {item.status.code} {item.status.description}")
    for detail in item.status.details or ():
        click.echo(f"    {detail}")


def _state(status: Any) -> list[tuple[str, object]]:
    """A status in KSeF's words, its reasons below."""
    reasons = [(tr("reason", "powód"), detail) for detail in status.details or ()]
    return [(tr("state", "stan"), f"{status.code} {status.description}"), *reasons]
