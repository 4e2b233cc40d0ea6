"""`klucznik testdata limits`: limits changed for a test, and put back. Rule: limits.md section 5."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from klucznik.cli.access import Access, access_options
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.limits import EffectiveApiRateLimits

F = TypeVar("F", bound=Callable[..., Any])

_RESET = click.option("--reset", is_flag=True, help=tr("The defaults again.", "Przywróć domyślne."))


@click.group(
    help=tr(
        "Change limits on a test environment, to see what an ERP does when it meets them.\n\n`klucznik limits` "
        "shows those in force.",
        "Zmień limity w środowisku testowym, by zobaczyć, co robi ERP, gdy na nie trafi.\n\n`klucznik limits` "
        "pokazuje obowiązujące.",
    )
)
def limits() -> None:
    pass


def _number(option: str, longest: int, words: str, shortest: int = 0) -> Callable[[F], F]:
    return click.option(option, type=click.IntRange(shortest, longest), default=None, metavar="N", help=words)


@limits.command(
    short_help=tr("Sizes and counts of sessions.", "Rozmiary i liczby w sesjach."),
    help=tr(
        "Sizes and counts of sessions and collective identifiers, for everybody in the company's context. "
        "What is not given stays as it is.",
        "Rozmiary i liczby w sesjach oraz identyfikatorach zbiorczych, dla wszystkich w kontekście firmy. "
        "Czego nie podano, zostaje bez zmian.",
    ),
)
@_number("--online-invoices", 100_000, tr("Invoices in an online session.", "Faktur w sesji interaktywnej."))
@_number("--online-size", 5, tr("MB of an invoice in one.", "MB faktury w niej."))
@_number("--online-attachment-size", 10, tr("MB with an attachment.", "MB z załącznikiem."))
@_number("--batch-invoices", 100_000, tr("Invoices in a batch session.", "Faktur w sesji wsadowej."))
@_number("--batch-size", 5, tr("MB of an invoice in one.", "MB faktury w niej."))
@_number("--batch-attachment-size", 10, tr("MB with an attachment.", "MB z załącznikiem."))
@_number(
    "--collective-invoices",
    5000,
    tr("Invoices in a collective identifier.", "Faktur w identyfikatorze zbiorczym."),
    shortest=2,
)
@_RESET
@access_options
def session(access: Access, reset: bool, **given: int | None) -> None:
    from klucznik.client import limits as reading
    from klucznik.client import overrides as calls
    from klucznik.wire.overrides import SetSessionLimitsRequest

    changes = {name: value for name, value in given.items() if value is not None}
    _one_of(reset, changes)
    ksef = access.login()
    if reset:
        ksef.call(calls.reset_session())
    else:
        # KSeF wants all of them at once: the others as they are.
        now = ksef.call(reading.of_context()).model_dump(by_alias=True)
        places = {
            "invoices": "maxInvoices",
            "size": "maxInvoiceSizeInMB",
            "attachment_size": "maxInvoiceWithAttachmentSizeInMB",
        }
        groups = {"online": "onlineSession", "batch": "batchSession", "collective": "collectiveIdentifier"}
        for name, value in changes.items():
            group, _, what = name.partition("_")
            now[groups[group]][places[what]] = value
        ksef.call(calls.set_session(SetSessionLimitsRequest.model_validate(now)))
    _done()


@limits.command(
    short_help=tr("Certificates and applications.", "Certyfikaty i wnioski."),
    help=tr(
        "How many KSeF certificates whoever logs in may apply for and hold.",
        "O ile certyfikatów KSeF zalogowany może wnioskować i ile posiadać.",
    ),
)
@_number("--enrollments", 2**31 - 1, tr("Applications.", "Wniosków."))
@_number("--certificates", 2**31 - 1, tr("Certificates held.", "Posiadanych certyfikatów."))
@click.option(
    "--of",
    "who_type",
    type=click.Choice(["Nip", "Pesel", "Fingerprint"], case_sensitive=False),
    default=None,
    help=tr("Which identifier of his counts.", "Który jego identyfikator się liczy."),
)
@_RESET
@access_options
def certificates(
    enrollments: int | None, certificates: int | None, who_type: str | None, reset: bool, access: Access
) -> None:
    from klucznik.client import testdata as calls

    _one_of(reset, [value for value in (enrollments, certificates) if value is not None])
    if reset:
        access.login().call(calls.reset_certificate_limits())
    else:
        access.login().call(
            calls.set_certificate_limits(
                enrollments=enrollments, certificates=certificates, who_type=who_type
            )
        )
    _done()


@limits.command(
    short_help=tr("Calls a second, minute, hour.", "Żądania na sekundę, minutę, godzinę."),
    help=tr(
        "How many calls are allowed, for everybody in the company's context.\n\nEach GROUP=SECOND/MINUTE/HOUR, "
        "such as other=1/10/60; the groups are those of `klucznik limits`. What is not given stays as it is.",
        "Ile żądań jest dozwolonych, dla wszystkich w kontekście firmy.\n\nKażda GRUPA=SEKUNDA/MINUTA/GODZINA, "
        "na przykład other=1/10/60; grupy jak w `klucznik limits`. Czego nie podano, zostaje bez zmian.",
    ),
)
@click.argument("rates", nargs=-1, metavar=tr("[GROUP=S/M/H]...", "[GRUPA=S/M/G]..."))
@click.option("--production", is_flag=True, help=tr("The figures of production.", "Wartości produkcyjne."))
@_RESET
@access_options
def calls(rates: tuple[str, ...], production: bool, reset: bool, access: Access) -> None:
    from klucznik.client import limits as reading
    from klucznik.client import overrides
    from klucznik.wire.overrides import ApiRateLimitsOverride

    if production and (rates or reset):
        raise click.UsageError(tr("--production goes alone.", "--production podaje się samo."))
    if production:
        access.login().call(overrides.production_rates())
        _done()
        return
    changes = dict(_rate(text) for text in rates)
    _one_of(reset, changes)
    ksef = access.login()
    if reset:
        ksef.call(overrides.reset_rates())
    else:
        now = _settable(ksef.call(reading.rates()))
        ksef.call(overrides.set_rates(ApiRateLimitsOverride.model_validate({**now, **changes})))
    _done()


def _settable(found: EffectiveApiRateLimits) -> dict[str, dict[str, int]]:
    """The rates in force; what has no limit gets the highest one that can be set, ten times production's."""
    from klucznik.wire.limits import GROUPS

    now: dict[str, dict[str, int]] = found.model_dump(by_alias=True)
    for group, most in GROUPS.items():
        highest = {
            "perSecond": most.per_second,
            "perMinute": most.per_minute,
            "perHour": most.per_hour,
        }
        now[group] = {
            window: value if value > 0 else 10 * highest[window] for window, value in now[group].items()
        }
    return now


def _rate(text: str) -> tuple[str, dict[str, int]]:
    """A group and its three figures; raises `UsageError` naming the text."""
    from klucznik.wire.overrides import ApiRateLimitsOverride

    name, _, figures = text.partition("=")
    groups = {
        field.alias.lower(): field.alias
        for field in ApiRateLimitsOverride.model_fields.values()
        if field.alias
    }
    parts = figures.split("/")
    if name.lower() not in groups or len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise click.UsageError(
            tr(
                f"{text!r} is not GROUP=SECOND/MINUTE/HOUR. Groups: {', '.join(groups.values())}.",
                f"{text!r} to nie GRUPA=SEKUNDA/MINUTA/GODZINA. Grupy: {', '.join(groups.values())}.",
            )
        )
    return groups[name.lower()], dict(
        zip(("perSecond", "perMinute", "perHour"), map(int, parts), strict=True)
    )


def _one_of(reset: bool, changes: Any) -> None:
    if reset == bool(changes):
        raise click.UsageError(tr("Say what to change, or give --reset.", "Podaj, co zmienić, albo --reset."))


def _done() -> None:
    click.echo(
        tr(
            "Done; `klucznik limits` shows what is in force.",
            "Gotowe; `klucznik limits` pokazuje obowiązujące.",
        )
    )
