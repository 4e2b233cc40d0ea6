"""Options that belong together arrive together: `ksef: Place`, `vault: Unlock`, `signer: Signer`.

Each decorator adds its options to a command and hands it one object instead of many values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from klucznik.cli.common import FILE, NIP, read_secret, vault_path
from klucznik.errors import Unreadable, VaultProblem
from klucznik.lang import tr
from klucznik.secret import Secret

if TYPE_CHECKING:
    from klucznik.client.ksef import Ksef
    from klucznik.crypto.certs import Identity
    from klucznik.vault.entries import Entry
    from klucznik.vault.keys import Unlocking
    from klucznik.vault.vault import Vault

F = TypeVar("F", bound=Callable[..., Any])


def gathered(argument: str, make: Callable[..., object], *options: Callable[[F], F]) -> Callable[[F], F]:
    """A decorator: the options' values, made into one object, under the name of one argument."""

    def decorate(command: F) -> F:
        @wraps(command)
        def call(*args: Any, **given: Any) -> Any:
            values = {name: given.pop(name) for name in names}
            return command(*args, **{argument: make(**values)}, **given)

        before = list(getattr(call, "__click_params__", []))
        with_options: Any = call
        for option in reversed(options):
            with_options = option(with_options)
        names = [parameter.name for parameter in with_options.__click_params__ if parameter not in before]
        return cast(F, with_options)

    return decorate


# ---- which KSeF ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A KSeF: its environment (the vault's entries are kept by that name), and a CA to trust."""

    environment: str
    ca_file: Path | None

    def client(self) -> Ksef:
        """A client of it, not logged in; closed when the command ends."""
        from klucznik.client.ksef import Ksef

        ksef = Ksef(self.environment, ca_file=self.ca_file)
        click.get_current_context().call_on_close(ksef.close)
        return ksef

    def with_token(self, ksef_token: Secret, nip: str) -> Ksef:
        """A client logged in with a company's KSeF token."""
        from klucznik.client import auth

        ksef = self.client()
        ksef.run(auth.login_with_token(ksef_token, auth.nip_unless_told(ksef_token, nip)))
        return ksef

    def with_signature(self, signer: Signer, nip: str) -> Ksef:
        """A client logged in with a certificate, in the context of a NIP."""
        from klucznik.client import auth

        ksef = self.client()
        ksef.run(auth.login_with_identity("Nip", nip, signer.identity()))
        return ksef


ksef_option = gathered(
    "place",
    Place,
    click.option(
        "--ksef",
        "environment",
        default="local",
        show_default=True,
        envvar="KLUCZNIK_KSEF",
        metavar="NAME|URL",
        help=tr("local, test, demo, prd, or a URL.", "local, test, demo, prd albo adres URL."),
    ),
    click.option(
        "--ca",
        "ca_file",
        type=FILE,
        default=None,
        help=tr(
            "CA certificate to trust besides the system's.", "Certyfikat CA do zaufania oprócz systemowych."
        ),
    ),
)


# ---- the vault -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unlock:
    """How the vault is unlocked: key file, OS keyring, passphrase from a descriptor, else a prompt."""

    key_file: Path | None
    use_keyring: bool
    passphrase_fd: int | None

    def open(self, *, create: bool = False) -> Vault:
        """The vault of `KLUCZNIK_HOME`; with `create` it is made when there is none."""
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
        unlocking = self._unlocking(new=new)
        if not new:
            return Vault.open(path, unlocking)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        vault = Vault.create(path, unlocking)
        click.echo(tr(f"Made a vault: {path}", f"Utworzono sejf: {path}"), err=True)
        return vault

    def _unlocking(self, *, new: bool) -> Unlocking:
        from klucznik.vault.keys import KeyFile, OsKeyring, Passphrase

        if self.key_file:
            is_there = self.key_file.exists()
            return KeyFile.create(self.key_file) if new and not is_there else KeyFile(self.key_file)
        if self.use_keyring:
            return OsKeyring()
        if self.passphrase_fd is None and not sys.stdin.isatty():
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
        of_new = tr("Passphrase of the new vault", "Hasło nowego sejfu")
        question = of_new if new else tr("Vault passphrase", "Hasło sejfu")
        return Passphrase(read_secret(question, fd=self.passphrase_fd, confirm=new).text())


vault_options = gathered(
    "unlock",
    Unlock,
    click.option(
        "--key-file",
        type=click.Path(dir_okay=False, path_type=Path),
        default=None,
        envvar="KLUCZNIK_KEY_FILE",
        help=tr(
            "Unlock the vault with this key file (made when missing for a new vault).",
            "Otwórz sejf tym plikiem klucza (dla nowego sejfu powstanie, gdy go nie ma).",
        ),
    ),
    click.option(
        "--keyring",
        "use_keyring",
        is_flag=True,
        help=tr("Unlock the vault with the OS keyring.", "Otwórz sejf kluczem z systemowego pęku kluczy."),
    ),
    click.option(
        "--passphrase-fd",
        type=int,
        default=None,
        metavar="N",
        help=tr(
            "Read the vault passphrase from this file descriptor.", "Czytaj hasło sejfu z tego deskryptora."
        ),
    ),
)


def known_reference(vault: Vault, entry: Entry, ksef_token: Secret) -> str | None:
    """The reference number of a KSeF token: written in it, else noted beside it in the vault."""
    from klucznik.client.auth import reference_of

    noted = (info.note.get("reference") for info in vault.entries(entry.env) if info.entry == entry)
    return reference_of(ksef_token) or next(noted, None)


def company_client(place: Place, nip: str, name: str | None, unlock: Unlock) -> Ksef:
    """A client logged in with the company's KSeF token from the vault."""
    with unlock.open() as vault:
        ksef_token = vault.use(vault.find(place.environment, nip, name, "ksef-token"))
    return place.with_token(ksef_token, nip)


# ---- who signs, for whom -------------------------------------------------------------------------


@dataclass(frozen=True)
class Signer:
    """A certificate with its key, from files; none where `--cert` was not given."""

    cert_path: Path | None
    key_path: Path | None

    def __bool__(self) -> bool:
        return self.cert_path is not None

    def identity(self) -> Identity:
        """Read the files; asks for the passphrase when the key is sealed."""
        try:
            return self._load(None)
        except Unreadable as sealed:
            if not sys.stdin.isatty():
                raise
            click.echo(str(sealed), err=True)
            return self._load(read_secret(tr("Passphrase of the key", "Hasło klucza")))

    def _load(self, passphrase: Secret | None) -> Identity:
        from klucznik.crypto.certs import Identity

        assert self.cert_path is not None
        if self.key_path:
            return Identity.load_pair(self.cert_path.read_bytes(), self.key_path.read_bytes(), passphrase)
        return Identity.load(self.cert_path.read_bytes(), passphrase)


def signer_options(*, required: bool) -> Callable[[F], F]:
    """`--cert` and `--key`."""
    return gathered(
        "signer",
        Signer,
        click.option(
            "--cert",
            "cert_path",
            type=FILE,
            required=required,
            help=tr(
                "Log in with this certificate and its key: PEM or PKCS#12.",
                "Zaloguj tym certyfikatem z kluczem: PEM albo PKCS#12.",
            ),
        ),
        click.option(
            "--key",
            "key_path",
            type=FILE,
            help=tr(
                "Private key, when it is not in the certificate's file.",
                "Klucz prywatny, gdy nie ma go w pliku certyfikatu.",
            ),
        ),
    )


def company_option(*, required: bool = True) -> Callable[[F], F]:
    """`--company`: for whom."""
    return click.option(
        "--company",
        "nip",
        type=NIP,
        required=required,
        metavar="NIP",
        help=tr("NIP of the company.", "NIP firmy."),
    )


def name_option(default: str | None = None) -> Callable[[F], F]:
    """`--name`: which entry of the vault."""
    return click.option(
        "--name",
        default=default,
        show_default=default is not None,
        help=tr(
            "Name of the vault entry, where there are several.", "Nazwa wpisu w sejfie, gdy jest ich kilka."
        ),
    )


def _known(wants: tuple[str, ...]) -> list[str]:
    from klucznik.cli.arguments import known_permissions

    return known_permissions(wants)


#: `--wants`: permissions that the work needs, by their names at KSeF, as `wanted`.
wants_option = gathered(
    "wanted",
    _known,
    click.option(
        "--wants",
        multiple=True,
        metavar="PERMISSION",
        help=tr(
            "A permission that the work needs (repeatable).",
            "Uprawnienie potrzebne do pracy (można powtarzać).",
        ),
    ),
)


def json_option(command: F) -> F:
    """`--json`: for programs."""
    return click.option(
        "--json", "as_json", is_flag=True, help=tr("Print JSON, for programs.", "Wypisz JSON, dla programów.")
    )(command)
