"""What a vault entry is called, and the words for entries that are missing or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from klucznik.errors import VaultProblem
from klucznik.lang import tr

#: `ksef-token`: the text KSeF showed once. `identity`: certificate and private key, PEM.
#: `session-key`: the AES key of a session or export, sealed before it is opened at KSeF.
Kind = Literal["ksef-token", "identity", "session-key"]

#: Longest environment, NIP (or other identifier of a context) and name, in characters.
LONGEST = 200


@dataclass(frozen=True, order=True)
class Entry:
    """The name of a secret: environment (`test`, `prd`, a URL), NIP of the company, name, kind.

    These four stand openly in the file. Raises VaultProblem on an empty, overlong or unprintable part.
    """

    env: str
    nip: str
    name: str
    kind: Kind = "ksef-token"

    def __post_init__(self) -> None:
        for part in (self.env, self.nip, self.name):
            if not part or len(part) > LONGEST or not part.isprintable():
                raise VaultProblem(
                    tr(
                        f"{part[:LONGEST]!r} cannot be part of the name of a vault entry.",
                        f"{part[:LONGEST]!r} nie może być częścią nazwy wpisu w sejfie.",
                    ),
                    hint=tr(f"1-{LONGEST} printable characters", f"1-{LONGEST} znaków drukowalnych"),
                )
        if self.kind not in get_args(Kind):
            raise VaultProblem(
                tr(f"the vault knows no kind {self.kind!r}.", f"sejf nie zna rodzaju {self.kind!r}."),
                hint=", ".join(get_args(Kind)),
            )

    def __str__(self) -> str:
        return f"{self.kind} {self.env}/{self.nip}/{self.name}"


@dataclass(frozen=True)
class EntryInfo:
    """An entry without its secret: newest version, when it was put (UTC), and its note."""

    entry: Entry
    version: int
    created: datetime
    note: Mapping[str, str] = field(default_factory=dict)


def chosen(held: Sequence[Entry], env: str, nip: str, name: str | None, kind: Kind) -> Entry:
    """The one of `held` that is meant. Raises VaultProblem when it is none or several."""
    of_company = [entry for entry in held if entry.nip == nip and entry.kind == kind]
    here = [entry for entry in of_company if entry.env == env]
    meant = [entry for entry in here if name in (None, entry.name)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        names = ", ".join(sorted(entry.name for entry in meant))
        raise VaultProblem(
            tr(
                f"the vault holds several of kind {kind} for NIP {nip}, {env}: {names}.",
                f"sejf zawiera kilka wpisów rodzaju {kind} dla NIP {nip}, {env}: {names}.",
            ),
            hint=tr("choose one with --name", "wybierz jeden przez --name"),
        )
    if here:
        raise missing(env, nip, kind, name, hint=_there(sorted(entry.name for entry in here), "--name"))
    if of_company:
        raise missing(
            env, nip, kind, name, hint=_there(sorted({entry.env for entry in of_company}), "--ksef")
        )
    raise missing(env, nip, kind, name, hint=_put(nip, kind))


def missing(env: str, nip: str, kind: Kind, name: str | None = None, *, hint: str = "") -> VaultProblem:
    """There is no such entry."""
    named = f" {name!r}" if name else ""
    en = {"ksef-token": "KSeF token", "identity": "certificate with key", "session-key": "session key"}
    pl = {"ksef-token": "tokena KSeF", "identity": "certyfikatu z kluczem", "session-key": "klucza sesji"}
    return VaultProblem(
        tr(
            f"no {en[kind]}{named} of NIP {nip} for {env} in the vault.",
            f"w sejfie nie ma {pl[kind]}{named} dla NIP {nip} w środowisku {env}.",
        ),
        hint=hint or _put(nip, kind),
    )


def _there(found: Sequence[str], option: str) -> str:
    return tr(
        f"there is: {', '.join(found)}; choose with {option}",
        f"jest: {', '.join(found)}; wybierz przez {option}",
    )


def _put(nip: str, kind: Kind) -> str:
    if kind == "ksef-token":
        return f"klucznik token put --company {nip}"
    return tr(
        "put it into the vault first, or check --company", "najpierw włóż go do sejfu albo sprawdź --company"
    )
