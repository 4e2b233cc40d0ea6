"""The `klucznik` command: groups loaded when used, errors told, exit codes kept.

Exit codes everywhere: 0 in order, 1 refused or not in order, 2 could not be done, 64 wrong usage.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from klucznik import __version__
from klucznik.cli.lazy import LazyGroup, Table
from klucznik.cli.warned import listen
from klucznik.errors import KlucznikError
from klucznik.lang import tr

WRONG_USAGE = 64
INTERRUPTED = 130

#: Characters of a value that an error repeats.
_LONGEST = 100

COMMANDS: Table = {
    "demo": (
        "demo:demo",
        tr(
            "Walk from a KSeF token to a UPO on a local KSeF.",
            "Droga od tokena KSeF do UPO na lokalnym KSeF.",
        ),
    ),
    "up": (
        "up:up",
        tr("Run a local KSeF and say what to try.", "Uruchom lokalny KSeF i podpowiedz, co dalej."),
    ),
    "ksef": (
        "ksef:ksef",
        tr("The local KSeF: serve it, print its contract.", "Lokalny KSeF: serwer i kontrakt."),
    ),
    "cert": (
        "cert:cert",
        tr("Certificates: for tests, and those of KSeF.", "Certyfikaty: testowe i wydawane przez KSeF."),
    ),
    "testdata": (
        "testdata:testdata",
        tr("Test subjects, people, permissions, limits.", "Testowe podmioty, osoby, uprawnienia, limity."),
    ),
    "token": (
        "token:token",
        tr(
            "Issue, store, try, list and revoke KSeF tokens.",
            "Wydaj, przechowaj, wypróbuj, pokaż i unieważnij tokeny KSeF.",
        ),
    ),
    "login": (
        "login:login",
        tr("Your logins at KSeF: check, list, end.", "Twoje logowania do KSeF: sprawdź, pokaż, zakończ."),
    ),
    "permission": (
        "permission:permission",
        tr("Grant, list and revoke permissions.", "Nadaj, pokaż i odbierz uprawnienia."),
    ),
    "doctor": (
        "doctor:doctor",
        tr("Test a company's connection to KSeF.", "Sprawdź połączenie firmy z KSeF."),
    ),
    "limits": (
        "limits:limits",
        tr(
            "What KSeF allows the company: sizes, counts, calls.",
            "Na co KSeF pozwala firmie: rozmiary, liczby, żądania.",
        ),
    ),
    "send": ("send:send", tr("Send invoices and fetch their UPO.", "Wyślij faktury i pobierz ich UPO.")),
    "session": (
        "session:session",
        tr("Sessions: what was sent, and what became of it.", "Sesje: co wysłano i co się z tym stało."),
    ),
    "invoice": (
        "invoice:invoice",
        tr(
            "Invoices: check, show, print, make; find and fetch.",
            "Faktury: sprawdź, pokaż, wydrukuj, utwórz; znajdź i pobierz.",
        ),
    ),
    "receive": ("receive:receive", tr("Receive invoices into a folder.", "Odbierz faktury do katalogu.")),
    "upo": (
        "upo:upo",
        tr("Get, verify, show and print UPO receipts.", "Pobierz, zweryfikuj, pokaż i wydrukuj UPO."),
    ),
    "collective": (
        "collective:collective",
        tr(
            "One identifier for the payment of many invoices.",
            "Jeden identyfikator do zapłaty za wiele faktur.",
        ),
    ),
    "peppol": (
        "peppol:peppol",
        tr("Peppol providers known to KSeF.", "Dostawcy usług Peppol znani KSeF."),
    ),
    "keys": (
        "keys:keys",
        tr("The public keys of KSeF.", "Klucze publiczne KSeF."),
    ),
    "qr": (
        "qr:qr",
        tr("Make and check the QR codes of invoices.", "Utwórz i sprawdź kody QR faktur."),
    ),
}


class _Root(LazyGroup):
    """The root: it also notices when whoever reads our output has gone (click would end with 1)."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        try:
            return super().make_context(*args, **more)
        except BrokenPipeError:  # of --help and --version
            raise _ReaderLeft from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            raise _ReaderLeft from None
        return result


class _ReaderLeft(Exception):
    """Whoever read our output has gone (`| head`): nothing more to say, and nothing wrong."""


@click.group(
    cls=_Root,
    table=COMMANDS,
    name="klucznik",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=tr(
        "Klucznik, the home of the KSeF token: a local KSeF for tests, a client, and a vault.\n\n"
        "Start with `klucznik demo`, which shows the whole way on your machine. `klucznik up` runs a "
        "local KSeF to work against. Secrets are read from a prompt, standard input or a file "
        "descriptor, never from arguments.",
        "Klucznik, dom tokena KSeF: lokalny KSeF do testów, klient i sejf.\n\n"
        "Zacznij od `klucznik demo`, które pokazuje całą drogę na Twoim komputerze. `klucznik up` "
        "uruchamia lokalny KSeF do pracy. Sekrety są czytane z klawiatury, ze standardowego wejścia "
        "albo z deskryptora pliku, nigdy z argumentów.",
    ),
    epilog=tr(
        "Environments for --ksef and KLUCZNIK_KSEF: local, test, demo, prd, or a URL. Data lives in "
        "KLUCZNIK_HOME. Exit codes: 0 in order, 1 refused or not in order, 2 could not be done, 64 "
        "wrong usage.",
        "Środowiska dla --ksef i KLUCZNIK_KSEF: local, test, demo, prd albo adres URL. Dane leżą w "
        "KLUCZNIK_HOME. Kody wyjścia: 0 w porządku, 1 odmowa lub nie w porządku, 2 nie dało się "
        "wykonać, 64 złe użycie.",
    ),
)
@click.version_option(__version__, prog_name="klucznik")
def root() -> None:
    pass


def _mend_streams() -> None:
    """A stream that whoever started us closed leads nowhere, instead of being None.

    What an output has no letter for (Windows-1250 no check mark, UTF-8 no stray byte of a file's name) is
    written as an escape.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def complain(error: KlucznikError) -> None:
    """Tell a person what went wrong and what to do next."""
    click.echo(tr("Error: ", "Błąd: ") + error.message, err=True)
    if error.hint:
        click.echo(tr("Hint: ", "Wskazówka: ") + error.hint, err=True)


def misfit(wrong: ValueError) -> int:
    """Say which value does not fit the contract, and how; anything else is a fault of ours."""
    from pydantic import ValidationError

    if not isinstance(wrong, ValidationError):
        raise wrong
    for error in wrong.errors(include_url=False):
        place = ".".join(str(part) for part in error["loc"])
        value = error["input"]
        # Arguments are no secrets: those are `Secret`, which is none of these.
        named = f" {value!r}" if isinstance(value, str | int) and len(repr(value)) <= _LONGEST else ""
        words = _fault(error["type"], error.get("ctx", {})) or error["msg"]
        click.echo(f"{tr('Error: ', 'Błąd: ')}{place}{named}: {words}", err=True)
    return WRONG_USAGE


def _fault(kind: str, bounds: dict[str, Any]) -> str:
    """What is wrong with a value, for the faults that a person's own value can have."""
    match kind:
        case "string_too_short":
            least = bounds["min_length"]
            return tr(f"at least {least} characters are needed.", f"potrzeba co najmniej {least} znaków.")
        case "string_too_long":
            most = bounds["max_length"]
            return tr(f"at most {most} characters fit.", f"mieści się najwyżej {most} znaków.")
        case "greater_than_equal":
            return tr(f"{bounds['ge']} at least.", f"co najmniej {bounds['ge']}.")
        case "less_than_equal":
            return tr(f"{bounds['le']} at most.", f"najwyżej {bounds['le']}.")
        case "enum":
            return tr(f"there are {bounds['expected']}.", f"są {bounds['expected']}.")
    return ""


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; ends the process."""
    _mend_streams()
    listen()
    try:
        code = root.main(args=arguments, prog_name="klucznik", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.UsageError as wrong:
        wrong.show()
        sys.exit(WRONG_USAGE)
    except click.ClickException as other:
        other.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo(tr("Interrupted.", "Przerwano."), err=True)
        sys.exit(INTERRUPTED)
    except KlucznikError as error:
        complain(error)
        sys.exit(error.exit_code)
    except ValueError as wrong:
        sys.exit(misfit(wrong))
    except _ReaderLeft:
        # What is still buffered must go somewhere when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as failed:
        where = f"{failed.filename}: " if failed.filename else ""
        click.echo(f"{tr('Error: ', 'Błąd: ')}{where}{failed.strerror or failed}", err=True)
        sys.exit(2)
