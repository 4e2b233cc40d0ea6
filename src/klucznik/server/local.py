"""The local KSeF as a whole: its profile, clock, keys, store and limits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from cryptography import x509

from klucznik.clock import Clock, MovableClock, SystemClock
from klucznik.server import moved
from klucznik.server.batch_files import BatchFiles
from klucznik.server.faults import Faults
from klucznik.server.keys import Keys
from klucznik.server.leases import Leases
from klucznik.server.limits import Limiter
from klucznik.server.opened import OpenSessions
from klucznik.server.storage import Storage
from klucznik.server.store import Store
from klucznik.server.token_policy import Policy, TokenPolicy
from klucznik.server.trace import Trace
from klucznik.server.why import Causes
from klucznik.server.work import Work

Profile = Literal["test", "demo", "prd"]
RateProfile = Literal["production", "x10", "off"]
TokenForm = Literal["official", "short40"]
#: Forms of the KSeF tokens issued: KSeF's own, and one of ours (tokens.md section 3).
OFFICIAL: Final[TokenForm] = "official"
SHORT: Final[TokenForm] = "short40"

#: `iss` and `aud` of the JWTs, and the receiving party's name in a UPO, by profile
#: (auth.md section 5; upo.md section 2).
ISSUERS: dict[Profile, str] = {"test": "ksef-api-te", "demo": "ksef-api-tr", "prd": "ksef-api"}
RECEIVERS: dict[Profile, str] = {
    "test": "Ministerstwo Finansów - środowisko testowe (TE)",
    "demo": "Ministerstwo Finansów - środowisko przedprodukcyjne (TR)",
    "prd": "Ministerstwo Finansów",
}


@dataclass(frozen=True)
class Caps:
    """How much one answer holds (query-export.md sections 1 and 4); tests make it small."""

    #: Records that a query reaches, and invoices in a package.
    records: int = 10_000
    #: Bytes of a package, compressed; and of one of its parts, before encryption.
    package: int = 1_000_000_000
    part: int = 50_000_000


@dataclass
class LocalKsef:
    """Everything a handler may use besides its request."""

    store: Store
    keys: Keys
    clock: MovableClock
    limiter: Limiter
    profile: Profile = "test"
    token_form: TokenForm = OFFICIAL
    allowed_hosts: frozenset[str] = frozenset()
    #: Who may issue certificates where the chain is checked: always on demo and prd, on request on test.
    trusted_roots: tuple[x509.Certificate, ...] = ()
    random: Callable[[int], bytes] = os.urandom
    opened: OpenSessions = field(default_factory=OpenSessions)
    faults: Faults = field(default_factory=Faults)
    causes: Causes = field(default_factory=Causes)
    trace: Trace = field(default_factory=Trace)
    tokens: TokenPolicy = field(default_factory=TokenPolicy)
    work: Work = field(init=False)
    storage: Storage = field(init=False)
    caps: Caps = field(default_factory=Caps)
    batches: BatchFiles = field(init=False)
    leases: Leases = field(init=False)

    def __post_init__(self) -> None:
        self.work = Work(self)
        self.storage = Storage(self)
        self.batches = BatchFiles(self.store.folder)
        self.leases = Leases(self)

    @property
    def issuer(self) -> str:
        return ISSUERS[self.profile]

    @property
    def receiver(self) -> str:
        return RECEIVERS[self.profile]


def open_local(
    folder: Path | None,
    *,
    clock: Clock | None = None,
    profile: Profile = "test",
    rates: RateProfile = "production",
    token_form: TokenForm = OFFICIAL,
    allowed_hosts: Iterable[str] = (),
    start: datetime | None = None,
    tokens: Policy = "legacy",
    database: str | None = None,
    shared: bool = False,
    leads: bool = False,
) -> LocalKsef:
    """Open (or create) a local KSeF in `folder`, None for memory, or in a `database` of PostgreSQL (its
    URL); then the folder holds only keys and the parts of packages.

    `start` sets its clock; without it the clock goes on as it was left. `shared`: one of several processes
    (`crew`), of which the one that `leads` holds the folder. Raises `errors.Unreadable` when the folder is
    in use, damaged or of a newer version, or the database cannot be used.
    """
    # The keys are valid by the machine's time too: a rehearsal of next year has clients of today.
    clock = MovableClock(clock or SystemClock())
    store = Store(folder, clock, database=database, shared=shared or leads, holds=not shared)
    moved.restore(store, clock)
    if start:
        clock.set(start)
    keys = Keys.open(folder, clock.base.now())
    return LocalKsef(
        store=store,
        keys=keys,
        trusted_roots=(keys.qualified.certificate,),
        clock=clock,
        limiter=Limiter(rates),
        profile=profile,
        token_form=token_form,
        tokens=TokenPolicy(tokens),
        allowed_hosts=frozenset(host.lower() for host in allowed_hosts),
    )
