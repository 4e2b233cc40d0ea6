"""What the commands share: where data lies, which KSeF, which company, how secrets are read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from klucznik.errors import KlucznikError, Unreadable, VaultProblem
from klucznik.lang import tr
from klucznik.secret import Secret

if TYPE_CHECKING:
    from klucznik.client.ksef import Ksef
    from klucznik.crypto.certs import Identity
    from klucznik.vault.entries import Entry
    from klucznik.vault.keys import Unlocking
    from klucznik.vault.vault import Vault

F = TypeVar("F", bound=Callable[..., Any])


def data_home() -> Path:
    """`$KLUCZNIK_HOME`, else the platform's place for a program's data."""
    if home := os.environ.get("KLUCZNIK_HOME"):
        return Path(home)
    import platformdirs

    return platformdirs.user_data_path("klucznik", appauthor=False)


def vault_path() -> Path:
    return data_home() / "vault.db"


# ---- options ---------------------------------------------------------------------------------------


class NipType(click.ParamType[str]):
    """A NIP with a right checksum; dashes, spaces and a leading PL are taken off."""

    name = "NIP"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from klucznik.wire.ids import is_nip

        nip = str(value).upper().removeprefix("PL").replace("-", "").replace(" ", "")
        if not is_nip(nip):
            self.fail(
                tr(
                    f"{value!r} is not a NIP: ten digits, the last one a check digit.",
                    f"{value!r} to nie NIP: dziesięć cyfr, ostatnia kontrolna.",
                ),
                param,
                ctx,
            )
        return nip


NIP = NipType()


class FileType(click.Path):
    """A file to be read: one that is missing, a folder or locked is unreadable (2), not wrong usage."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def fail(
        self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None
    ) -> NoReturn:
        raise Unreadable(message)


FILE = FileType()


def ksef_option(command: F) -> F:
    """`--ksef`: which KSeF."""
    return click.option(
        "--ksef",
        "environment",
        default="local",
        show_default=True,
        envvar="KLUCZNIK_KSEF",
        metavar="NAME|URL",
        help=tr("local, test, demo, prd, or a URL.", "local, test, demo, prd albo adres URL."),
    )(
        click.option(
            "--ca",
            "ca_file",
            type=FILE,
            default=None,
            help=tr(
                "CA certificate to trust besides the system's.",
                "Certyfikat CA do zaufania oprócz systemowych.",
            ),
        )(command)
    )


def company_options(command: F) -> F:
    """`--company` and `--name`: whose credential in the vault."""
    command = click.option(
        "--name",
        default=None,
        help=tr(
            "Name of the vault entry, where there are several.", "Nazwa wpisu w sejfie, gdy jest ich kilka."
        ),
    )(command)
    return click.option(
        "--company",
        "nip",
        type=NIP,
        required=True,
        metavar="NIP",
        help=tr("NIP of the company.", "NIP firmy."),
    )(command)


def vault_options(command: F) -> F:
    """How the vault is unlocked: key file, passphrase from a descriptor, OS keyring, else a prompt."""
    command = click.option(
        "--passphrase-fd",
        type=int,
        default=None,
        metavar="N",
        help=tr(
            "Read the vault passphrase from this file descriptor.", "Czytaj hasło sejfu z tego deskryptora."
        ),
    )(command)
    command = click.option(
        "--keyring",
        "use_keyring",
        is_flag=True,
        help=tr("Unlock the vault with the OS keyring.", "Otwórz sejf kluczem z systemowego pęku kluczy."),
    )(command)
    return click.option(
        "--key-file",
        type=click.Path(dir_okay=False, path_type=Path),
        default=None,
        envvar="KLUCZNIK_KEY_FILE",
        help=tr(
            "Unlock the vault with this key file (made when missing for a new vault).",
            "Otwórz sejf tym plikiem klucza (dla nowego sejfu powstanie, gdy go nie ma).",
        ),
    )(command)


def json_option(command: F) -> F:
    """`--json`: for programs."""
    return click.option(
        "--json", "as_json", is_flag=True, help=tr("Print JSON, for programs.", "Wypisz JSON, dla programów.")
    )(command)


def identity_options(command: F) -> F:
    """`--cert` and `--key`: a certificate with its key, from files."""
    command = click.option(
        "--key",
        "key_path",
        type=FILE,
        default=None,
        help=tr(
            "Private key, when it is not in the certificate's file.",
            "Klucz prywatny, gdy nie ma go w pliku certyfikatu.",
        ),
    )(command)
    return click.option(
        "--cert",
        "cert_path",
        type=FILE,
        required=True,
        help=tr("Certificate with key: PEM or PKCS#12.", "Certyfikat z kluczem: PEM albo PKCS#12."),
    )(command)


# ---- secrets ---------------------------------------------------------------------------------------


def read_secret(question: str, *, fd: int | None = None, confirm: bool = False) -> Secret:
    """A secret from a descriptor, from standard input when it is a pipe, else from a hidden prompt.

    The line end is taken off, nothing else.
    """
    if fd is not None:
        try:
            with os.fdopen(fd, "rb", closefd=False) as source:
                return Secret(source.read().rstrip(b"\r\n"))
        except OSError:
            raise Unreadable(
                tr(f"File descriptor {fd} cannot be read.", f"Nie można czytać deskryptora pliku {fd}."),
                hint=tr("open it in the shell: 3<file", "otwórz go w powłoce: 3<plik"),
            ) from None
    if not sys.stdin.isatty():
        return Secret(sys.stdin.buffer.readline().rstrip(b"\r\n"))
    return Secret(click.prompt(question, hide_input=True, confirmation_prompt=confirm, err=True))


def load_identity(cert_path: Path, key_path: Path | None) -> Identity:
    """A certificate with its key from files; asks for the passphrase when the key is sealed."""
    from klucznik.crypto.certs import Identity

    def load(passphrase: Secret | None) -> Identity:
        if key_path:
            return Identity.load_pair(cert_path.read_bytes(), key_path.read_bytes(), passphrase)
        return Identity.load(cert_path.read_bytes(), passphrase)

    try:
        return load(None)
    except Unreadable as sealed:
        if not sys.stdin.isatty():
            raise
        click.echo(str(sealed), err=True)
        return load(read_secret(tr("Passphrase of the key", "Hasło klucza")))


def unlocking(key_file: Path | None, use_keyring: bool, passphrase_fd: int | None, *, new: bool) -> Unlocking:
    """How to unlock the vault, from the options."""
    from klucznik.vault.keys import KeyFile, OsKeyring, Passphrase

    if key_file:
        return KeyFile.create(key_file) if new and not key_file.exists() else KeyFile(key_file)
    if use_keyring:
        return OsKeyring()
    if passphrase_fd is None and not sys.stdin.isatty():
        raise VaultProblem(
            tr(
                "The vault is locked, and there is no terminal to ask for its passphrase.",
                "Sejf jest zamknięty, a nie ma terminala, by zapytać o hasło.",
            ),
            hint=tr(
                "give --key-file, --keyring or --passphrase-fd",
                "podaj --key-file, --keyring albo --passphrase-fd",
            ),
        )
    question = (
        tr("Passphrase of the new vault", "Hasło nowego sejfu")
        if new
        else tr("Vault passphrase", "Hasło sejfu")
    )
    secret = read_secret(question, fd=passphrase_fd, confirm=new)
    return Passphrase(secret.text())


def open_vault(
    key_file: Path | None, use_keyring: bool, passphrase_fd: int | None, *, create: bool = False
) -> Vault:
    """The vault of `KLUCZNIK_HOME`, unlocked; with `create` it is made when there is none."""
    from klucznik.vault.vault import Vault

    path = vault_path()
    new = not path.exists()
    if new and not create:
        raise VaultProblem(
            tr(f"There is no vault at {path} yet.", f"W {path} nie ma jeszcze sejfu."),
            hint=tr(
                'put a token in: "klucznik token put --company NIP"',
                'włóż token: "klucznik token put --company NIP"',
            ),
        )
    unlock = unlocking(key_file, use_keyring, passphrase_fd, new=new)
    if not new:
        return Vault.open(path, unlock)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault = Vault.create(path, unlock)
    click.echo(tr(f"Made a vault: {path}", f"Utworzono sejf: {path}"), err=True)
    return vault


def known_reference(vault: Vault, entry: Entry, ksef_token: Secret) -> str | None:
    """The reference number of a KSeF token: written in it, else noted beside it in the vault."""
    from klucznik.client.auth import reference_of

    noted = (info.note.get("reference") for info in vault.entries(entry.env) if info.entry == entry)
    return reference_of(ksef_token) or next(noted, None)


# ---- KSeF ------------------------------------------------------------------------------------------


def client(environment: str, ca_file: Path | None = None) -> Ksef:
    """A client of the chosen KSeF."""
    from klucznik.client.ksef import Ksef

    return Ksef(environment, ca_file=ca_file)


def company_client(
    environment: str,
    ca_file: Path | None,
    nip: str,
    name: str | None,
    unlock: tuple[Path | None, bool, int | None],
) -> Ksef:
    """A client logged in with the company's KSeF token from the vault."""
    from klucznik.client import auth

    with open_vault(*unlock) as vault:
        ksef_token = vault.use(vault.find(environment, nip, name, "ksef-token"))
    ksef = client(environment, ca_file)
    ksef.run(auth.login_with_token(ksef_token, auth.nip_unless_told(ksef_token, nip)))
    return ksef


# ---- output ----------------------------------------------------------------------------------------


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """A sentence for the person, on standard error: standard output is for results."""
    click.echo(text, err=True)


def not_in_order(message: str, hint: str = "") -> KlucznikError:
    """Ends a command with exit code 1."""
    return KlucznikError(message, hint=hint)
