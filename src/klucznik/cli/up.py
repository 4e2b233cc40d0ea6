"""`klucznik up`: a local KSeF in the foreground, and what to try with it."""

from __future__ import annotations

import click

from klucznik.cli.common import data_home
from klucznik.lang import tr


@click.command(
    help=tr(
        "Run a local KSeF in the foreground until Ctrl-C, and say what to try next.\n\nThe same as `klucznik "
        "ksef serve` with generous rate limits; data stays in KLUCZNIK_HOME.",
        "Uruchom lokalny KSeF do Ctrl-C i podpowiedz, co dalej.\n\nTo samo co `klucznik ksef serve`, z "
        "hojnymi limitami; dane zostają w KLUCZNIK_HOME.",
    )
)
@click.option(
    "--port",
    default=8090,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=tr("API port.", "Port API."),
)
@click.option(
    "--management-port",
    default=8091,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=tr("Management port.", "Port zarządzania."),
)
def up(port: int, management_port: int) -> None:
    from klucznik.cli.portal import portal_of
    from klucznik.server.local import open_local
    from klucznik.server.serve import address, bind, run, serve, start_log

    start_log(verbose=False)
    folder = data_home() / "ksef"
    local = open_local(folder, rates="x10")
    api, management = bind("127.0.0.1", port), bind("127.0.0.1", management_port)
    url = f"{address('http', api)}/v2"
    chosen = "" if port == 8090 else f" --ksef {url}"
    nip = "5265877635"

    def ready() -> None:
        click.echo(
            tr(
                "Klucznik: a local KSeF for tests runs. It is not the Ministry's.\n",
                "Klucznik: działa lokalny KSeF do testów. To nie system Ministerstwa.\n",
            )
            + f"\n  portal      {url.removesuffix('/v2')}/web/\n  API         {url}\n  {tr('management', 'zarządzanie'):11} {address('http', management)}"
            + f"\n  {tr('data', 'dane'):11} {folder}\n\n"
            + tr("Try in another terminal:\n", "Wypróbuj w drugim terminalu:\n")
            + f"  klucznik cert new --seal --nip {nip} --out firma.pem\n"
            + f"  klucznik token issue --company {nip} --cert firma.pem --store --key-file vault.key{chosen}\n"
            + f"  klucznik doctor --company {nip} --key-file vault.key{chosen}\n"
            + f"  klucznik send --company {nip} --key-file vault.key{chosen} "
            + tr("invoice.xml\n\n", "faktura.xml\n\n")
            + tr("Ctrl-C ends it; the data stays.\n", "Ctrl-C kończy; dane zostają.\n"),
        )

    web = portal_of(local, address("http", api), address("http", management))
    run(serve(local, api, management, ready=ready, web=web))
    click.echo(tr("Stopped.", "Zatrzymano."))
