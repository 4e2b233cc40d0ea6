"""`klucznik ksef`: serve the local KSeF, print the contract of its rows."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from klucznik.cli.common import data_home
from klucznik.lang import tr


@click.group(help=tr("The local KSeF: serve it, print its contract.", "Lokalny KSeF: serwer i kontrakt."))
def ksef() -> None:
    pass


@ksef.command(
    help=tr(
        "Serve a local KSeF until Ctrl-C.\n\nIt is a test system on your machine, not the Ministry's. "
        "Standard output gets one line for each port once it answers; banner and log go to standard "
        "error.",
        "Uruchom lokalny KSeF do Ctrl-C.\n\nTo system testowy na Twoim komputerze, nie system "
        "Ministerstwa. Na standardowe wyjście trafia po jednym wierszu na port, gdy odpowiada; baner i "
        "dziennik na standardowe wyjście błędów.",
    )
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help=tr("Address to listen on.", "Adres nasłuchu.")
)
@click.option(
    "--port",
    default=8090,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=tr("API port; 0 takes a free one.", "Port API; 0 wybiera wolny."),
)
@click.option(
    "--management-port",
    default=8091,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=tr(
        "Management port (loopback only); 0 takes a free one.",
        "Port zarządzania (tylko loopback); 0 wybiera wolny.",
    ),
)
@click.option(
    "--management-host",
    default="127.0.0.1",
    show_default=True,
    help=tr(
        "Address of the management port; another one is for containers: it knows no passwords.",
        "Adres portu zarządzania; inny jest dla kontenerów: ten port nie zna haseł.",
    ),
)
@click.option(
    "--data",
    type=str,
    default=None,
    metavar="DIR",
    help=tr(
        "Data folder, default $KLUCZNIK_HOME/ksef; :memory: keeps nothing.",
        "Katalog danych, domyślnie $KLUCZNIK_HOME/ksef; :memory: niczego nie zachowuje.",
    ),
)
@click.option(
    "--database",
    default=None,
    metavar="URL",
    help=tr(
        "A PostgreSQL database instead of SQLite: postgresql://user@host/name; password from a passfile.",
        "Baza PostgreSQL zamiast SQLite: postgresql://user@host/nazwa; hasło z pliku haseł.",
    ),
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help=tr("Processes that answer, on Linux and macOS.", "Liczba procesów, na Linuksie i macOS."),
)
@click.option(
    "--profile",
    type=click.Choice(["test", "demo", "prd"]),
    default="test",
    show_default=True,
    help=tr("Which environment to behave like.", "Które środowisko naśladować."),
)
@click.option(
    "--rates",
    type=click.Choice(["production", "x10", "off"]),
    default="production",
    show_default=True,
    help=tr("Rate limits.", "Limity liczby żądań."),
)
@click.option(
    "--token-form",
    type=click.Choice(["official", "short40"]),
    default="official",
    show_default=True,
    help=tr("Form of the KSeF tokens issued.", "Postać wydawanych tokenów KSeF."),
)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help=tr("A further Host name to answer to (repeatable).", "Dodatkowa nazwa hosta (można powtarzać)."),
)
@click.option(
    "--tokens",
    type=click.Choice(["legacy", "cutoff-2026", "v2-expiring"]),
    default="legacy",
    show_default=True,
    help=tr("When KSeF tokens end.", "Kiedy tokeny KSeF tracą ważność."),
)
@click.option(
    "--clock",
    "start",
    default=None,
    metavar="ISO",
    help=tr(
        "Set the clock, for instance 2026-12-31T23:50:00+01:00; it is kept over restarts.",
        "Ustaw zegar, na przykład 2026-12-31T23:50:00+01:00; zostaje po ponownym uruchomieniu.",
    ),
)
@click.option(
    "--seed-world",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    metavar="FILE",
    help=tr(
        "Companies, persons and grants to begin with, JSON or YAML.",
        "Firmy, osoby i uprawnienia na początek, JSON albo YAML.",
    ),
)
@click.option("--tls", is_flag=True, help=tr("Serve https by a local CA.", "Serwuj https z lokalnym CA."))
@click.option("--verbose", is_flag=True, help=tr("Log every request.", "Zapisuj w dzienniku każde żądanie."))
def serve(
    host: str,
    port: int,
    management_port: int,
    management_host: str,
    data: str | None,
    database: str | None,
    workers: int,
    profile: Any,
    rates: Any,
    token_form: Any,
    allow_host: tuple[str, ...],
    tokens: Any,
    start: str | None,
    seed_world: Path | None,
    tls: bool,
    verbose: bool,
) -> None:
    from klucznik.cli.portal import portal_of
    from klucznik.client.environments import is_loopback
    from klucznik.clock import SystemClock
    from klucznik.server.crew import Crew
    from klucznik.server.local import open_local
    from klucznik.server.serve import address, bind, bind_for, run, serve, start_log
    from klucznik.server.tls import tls_files
    from klucznik.server.world import read_file

    start_log(verbose)
    folder = None if data == ":memory:" else Path(data) if data else data_home() / "ksef"
    world = read_file(seed_world) if seed_world else None
    chosen: dict[str, Any] = {
        "profile": profile,
        "rates": rates,
        "token_form": token_form,
        "allowed_hosts": allow_host,
        "tokens": tokens,
        "database": database,
    }
    if workers > 1:
        _check_workers(folder)
    local = open_local(folder, start=_instant(start) if start else None, **chosen, leads=workers > 1)
    listeners, management = bind_for(host, port, workers), bind(management_host, management_port)
    api = listeners[0]
    files = tls_files(folder, [host, *allow_host], SystemClock().now()) if tls else None
    url = f"{address('https' if tls else 'http', api)}/v2"
    door = address("http", management)
    kept = folder or tr("in memory, gone at the end", "w pamięci, znikną po zakończeniu")
    if database and not folder:
        kept = tr("keys in memory, other ones at each start", "klucze w pamięci, przy każdym starcie inne")
    lines = [
        tr(
            "Klucznik: a local KSeF for tests. It is not the Ministry's; nothing sent here is a real invoice.",
            "Klucznik: lokalny KSeF do testów. To nie system Ministerstwa; nic tu wysłanego nie jest "
            "prawdziwą fakturą.",
        ),
        f"  API         {url}   ({tr('profile', 'profil')} {profile}, {tr('rates', 'limity')} {rates})",
        f"  {tr('portal', 'portal'):11} {url.removesuffix('/v2')}/web/",
        f"  {tr('management', 'zarządzanie'):11} {door}",
        f"  {tr('data', 'dane'):11} {kept}",
    ]
    if database:
        lines.append(f"  {tr('database', 'baza'):11} {database}")
    if local.clock.offset or local.clock.frozen:
        lines.append(f"  {tr('clock', 'zegar'):11} {local.clock.now():%Y-%m-%d %H:%M:%S} UTC")
    if folder:
        lines.append(f"  {tr('UPO seal', 'pieczęć UPO'):11} {folder / 'keys' / 'upo-seal.crt'}")
    if files:
        lines.append(f"  {tr('local CA', 'lokalne CA'):11} {files.authority}")
    if not is_loopback(host):
        lines.append(
            tr(
                "  Careful: it listens beyond this machine, and anybody may register test data here.",
                "  Uwaga: nasłuchuje poza tym komputerem, a dane testowe może tu tworzyć każdy.",
            )
        )
    if not is_loopback(management_host):
        lines.append(
            tr(
                "  Careful: the management port too; whoever reaches it moves the clock and deletes everything.",
                "  Uwaga: także port zarządzania; kto do niego dotrze, przestawi zegar i skasuje wszystko.",
            )
        )
    click.echo("\n".join(lines), err=True)

    def ready() -> None:
        print(f"ready {url}", flush=True)
        print(f"management {door}", flush=True)

    authority = files.authority if files else None
    web = crew = None
    if workers > 1:
        paths = [str(path) for path in (files.certificate, files.key, files.authority)] if files else None
        told = {
            "api": address("https" if tls else "http", api),
            "door": door,
            "loopback": is_loopback(host),
            "authority": str(authority) if authority else None,
        }
        options = {**chosen, "folder": str(folder), "verbose": verbose, "tls": paths, "web": told}
        crew = Crew(local, listeners, workers, "klucznik.cli.worker", options)
    else:
        web = portal_of(
            local,
            address("https" if tls else "http", api),
            door,
            loopback=is_loopback(host),
            authority=authority,
        )
    run(serve(local, api, management, tls=files, ready=ready, seed=world, crew=crew, web=web))


@ksef.command(
    help=tr(
        "Print the OpenAPI 3 document made from the rows that are built.",
        "Wypisz dokument OpenAPI 3 z operacji, które są zbudowane.",
    )
)
def openapi() -> None:
    from klucznik.wire.openapi import document

    json.dump(document(), sys.stdout, ensure_ascii=False, indent=2)
    print()


def _check_workers(folder: Path | None) -> None:
    if sys.platform == "win32":
        raise click.BadParameter(
            tr(
                "Windows cannot share a port between processes.",
                "Windows nie pozwala procesom dzielić portu.",
            ),
            param_hint="--workers",
        )
    if folder is None:
        raise click.BadParameter(
            tr(
                "several processes need a folder to share: leave --data :memory: out.",
                "kilka procesów potrzebuje wspólnego katalogu: pomiń --data :memory:.",
            ),
            param_hint="--workers",
        )


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise click.BadParameter(
            tr(
                f"{text!r} is no instant with a time zone, such as 2026-12-31T23:50:00+01:00.",
                f"{text!r} to nie chwila ze strefą czasową, jak 2026-12-31T23:50:00+01:00.",
            ),
            param_hint="--clock",
        )
    return found
