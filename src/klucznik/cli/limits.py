"""`klucznik limits`: what KSeF allows this company, its certificates, and its calls."""

from __future__ import annotations

from collections.abc import Iterable

import click

from klucznik.cli.access import Access, access_options
from klucznik.cli.common import print_json
from klucznik.cli.options import json_option
from klucznik.cli.showing import Column, dumped, show_facts
from klucznik.lang import tr


@click.command(
    help=tr(
        "Show the limits in force: of sessions and invoices, of certificates, of calls.\n\nThe Ministry may "
        "raise them for a company; `klucznik testdata limits` changes them on a test environment.",
        "Pokaż obowiązujące limity: sesji i faktur, certyfikatów, żądań.\n\nMinisterstwo może je podnieść "
        "dla firmy; `klucznik testdata limits` zmienia je w środowisku testowym.",
    )
)
@access_options
@json_option
def limits(access: Access, as_json: bool) -> None:
    from klucznik.cli.screen import table
    from klucznik.client import limits as calls

    ksef = access.login()
    context, subject = ksef.call(calls.of_context()), ksef.call(calls.of_subject())
    rates = ksef.call(calls.rates())
    if as_json:
        print_json({"context": dumped(context), "subject": dumped(subject), "rateLimits": dumped(rates)})
        return

    def session(kind: str, found: object) -> Iterable[tuple[str, object]]:
        yield tr(f"{kind}, invoices", f"{kind}, faktury"), getattr(found, "max_invoices", None)
        size, attached = (
            getattr(found, f"max_invoice_{which}size_in_mb") for which in ("", "with_attachment_")
        )
        yield (
            tr(f"{kind}, invoice", f"{kind}, faktura"),
            tr(f"{size} MB, with attachment {attached} MB", f"{size} MB, z załącznikiem {attached} MB"),
        )

    show_facts(
        [
            *session(tr("online session", "sesja interaktywna"), context.online_session),
            *session(tr("batch session", "sesja wsadowa"), context.batch_session),
            (
                tr("collective identifier, invoices", "identyfikator zbiorczy, faktury"),
                context.collective_identifier.max_invoices,
            ),
            (
                tr("certificates, applications", "certyfikaty, wnioski"),
                subject.enrollment.max_enrollments if subject.enrollment else None,
            ),
            (
                tr("certificates, held", "certyfikaty, posiadane"),
                subject.certificate.max_certificates if subject.certificate else None,
            ),
        ]
    )
    click.echo()
    table(
        [
            Column(tr("calls", "żądania"), lambda row: row[0], whole=True),
            Column(tr("a second", "na sekundę"), lambda row: _rate(row[1]["perSecond"]), right=True),
            Column(tr("a minute", "na minutę"), lambda row: _rate(row[1]["perMinute"]), right=True),
            Column(tr("an hour", "na godzinę"), lambda row: _rate(row[1]["perHour"]), right=True),
        ],
        list(dumped(rates).items()),
    )


def _rate(value: int) -> str:
    return tr("no limit", "bez limitu") if value < 0 else str(value)
