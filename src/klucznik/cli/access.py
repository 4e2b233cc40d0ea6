"""Who logs in, and where: `--company` with `--cert`, or with the KSeF token in the vault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from klucznik.cli.arguments import CONTEXT, Context
from klucznik.cli.options import (
    Place,
    Signer,
    Unlock,
    ksef_option,
    name_option,
    signer_options,
    vault_options,
)
from klucznik.errors import VaultProblem
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.client.ksef import Ksef

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """A login to be made: the context, and the credential for it."""

    context: Context
    by_fingerprint: bool
    signer: Signer
    name: str | None
    unlock: Unlock
    place: Place

    @property
    def company(self) -> str:
        """The value of the context, as it is told."""
        return self.context.value

    def login(self) -> Ksef:
        """A client that is logged in."""
        return self._with_signature() if self.signer else self._with_token()

    def _with_signature(self) -> Ksef:
        from klucznik.client import auth

        ksef = self.place.client()
        # Whoever works for an EU entity is known by the certificate alone: permissions.md section 10.
        alone = self.by_fingerprint or self.context.type == "NipVatUe"
        ksef.run(
            auth.login_with_identity(
                self.context.type,
                self.context.value,
                self.signer.identity(),
                subject_type="certificateFingerprint" if alone else "certificateSubject",
            )
        )
        return ksef

    def _with_token(self) -> Ksef:
        from klucznik.client import auth
        from klucznik.wire.auth import (
            AuthenticationContextIdentifier,
            AuthenticationContextIdentifierType,
        )

        try:
            with self.unlock.open() as vault:
                entry = vault.find(self.place.environment, self.context.value, self.name, "ksef-token")
                ksef_token = vault.use(entry)
        except VaultProblem as problem:
            otherwise = tr("or log in with a certificate: --cert", "albo zaloguj certyfikatem: --cert")
            problem.hint = f"{problem.hint}; {otherwise}" if problem.hint else otherwise
            raise
        context = None
        if auth.reference_of(ksef_token) is None:  # it does not say whose it is
            kind = AuthenticationContextIdentifierType(self.context.type)
            context = AuthenticationContextIdentifier(type=kind, value=self.context.value)
        ksef = self.place.client()
        ksef.run(auth.login_with_token(ksef_token, context=context))
        return ksef


def context_option(command: F) -> F:
    """`--company`: a NIP, or another context."""
    return click.option(
        "--company",
        "context",
        type=CONTEXT,
        required=True,
        metavar="NIP",
        help=tr(
            "NIP of the company; or a unit (NIP-NNNNN), an EU entity (NIP-DE123456789), a Peppol "
            "provider (PPL000001).",
            "NIP firmy; albo jednostka (NIP-NNNNN), podmiot unijny (NIP-DE123456789), dostawca Peppol "
            "(PPL000001).",
        ),
    )(command)


_fingerprint_option = click.option(
    "--by-fingerprint",
    is_flag=True,
    help=tr(
        "Log in as the certificate itself, not as whom it names.",
        "Zaloguj jako sam certyfikat, a nie osobę, którą wskazuje.",
    ),
)


def access_options(command: F) -> F:
    """All of it, as one argument `access`."""

    @wraps(command)
    def call(
        *args: Any,
        context: Context,
        by_fingerprint: bool,
        signer: Signer,
        name: str | None,
        unlock: Unlock,
        place: Place,
        **given: Any,
    ) -> Any:
        if by_fingerprint and not signer:
            raise click.UsageError(tr("--by-fingerprint needs --cert.", "--by-fingerprint wymaga --cert."))
        access = Access(context, by_fingerprint, signer, name, unlock, place)
        return command(*args, access=access, **given)

    made: Any = call
    for decorate in (
        ksef_option,
        vault_options,
        name_option(),
        _fingerprint_option,
        signer_options(required=False),
        context_option,
    ):
        made = decorate(made)
    return cast(F, made)
