"""The map of permissions: context -> company -> office -> person, as nested lists; broken chains say why.

It is made of the lists that KSeF shows the visitor, so it never tells more than these. Of long lists it reads
the newest entries first and the rest when asked to: what it has not read it calls neither whole nor broken.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import permissions as calls
from klucznik.portal.permission_chains import (
    Node,
    authorized,
    below,
    by_holder,
    clients,
    own,
    waiting,
    working_here,
)
from klucznik.portal.permission_listings import LISTINGS
from klucznik.portal.permission_lists import entries, open_to
from klucznik.portal.permission_words import TYPES, Line, held, line_of
from klucznik.portal.visit import Visit, page

#: Pages of a hundred that the map reads of each list: at first, and when all is asked for.
_FIRST: Final = 2
_ALL: Final = 100


@dataclass
class Section:
    """A part of the map."""

    name: str
    title: str
    what: str
    nodes: list[Node]
    #: What there is to say where it is empty.
    empty: str = ""

    @property
    def breaks(self) -> int:
        return sum(node.breaks() for node in self.nodes)


@dataclass
class Gathered:
    """Everything the map is made of, by list; `cut` are lists longer than what was read."""

    lines: dict[str, list[Line]]
    cut: list[str]

    def of(self, name: str) -> list[Line]:
        return self.lines.get(name, [])


async def show(visit: Visit) -> Response:
    """GET /permissions/map?all=yes: without `all` only the newest entries of each list."""
    holds = await held(visit)
    everything = visit.request.query_params.get("all") == "yes"
    names = {listing.name for listing in open_to(visit, holds)} - {"granted"}
    gathered, mine = await asyncio.gather(
        _gather(visit, names, _ALL if everything else _FIRST), visit.ksef.call(calls.personal(size=10))
    )
    sections = _sections(visit, gathered)
    return visit.page(
        "permission_map.html",
        sections=sections,
        breaks=sum(section.breaks for section in sections),
        owner=bool(mine.owner_permissions),
        cut=[visit.t(*LISTINGS[name].title) for name in gathered.cut],
        everything=everything,
        types=TYPES,
    )


async def _gather(visit: Visit, names: set[str], pages: int) -> Gathered:
    async def lines(name: str) -> tuple[list[Line], bool]:
        found, more = await entries(visit, LISTINGS[name], pages)
        return [line_of(item) for item in found], more

    ordered = sorted(names)
    read = dict(zip(ordered, await asyncio.gather(*map(lines, ordered)), strict=True))
    return Gathered(
        {name: found for name, (found, _) in read.items()}, [name for name, (_, more) in read.items() if more]
    )


def _sections(visit: Visit, gathered: Gathered) -> list[Section]:
    t, here = visit.t, visit.context
    persons = gathered.of("persons")
    # A target is there where an office passed something on for a client.
    indirect = [line for line in persons if line.target is not None]
    direct = [line for line in persons if line.target is None]
    received = gathered.of("received")
    mine = [
        line
        for line in gathered.of("own")
        # What other companies gave to this one stands among the clients.
        if line.target or not line.holder or not line.giver or (line.giver.kind, line.giver.value) == here
    ]
    found = [
        Section(
            "own",
            t("You", "Ty", "Sie"),
            t(
                "Through whom you hold what you may do here.",
                "Przez kogo masz to, co Ci tu wolno.",
                "Durch wen Sie das haben, was Sie hier dürfen.",
            ),
            own(t, mine, here),
            t(
                "Nobody has granted you anything here.",
                "Nikt nie nadał Ci tu uprawnień.",
                "Niemand hat Ihnen hier etwas erteilt.",
            ),
        )
    ]
    if "persons" in gathered.lines:
        found.append(
            Section(
                "here",
                t("In this context", "W tym kontekście", "In diesem Kontext"),
                t(
                    "Persons and companies that log in to this context.",
                    "Osoby i firmy, które logują się do tego kontekstu.",
                    "Personen und Unternehmen, die sich in diesem Kontext anmelden.",
                ),
                working_here(t, direct),
                t(
                    "Nobody among the newest entries.",
                    "Nikogo wśród najnowszych wpisów.",
                    "Niemand unter den neuesten Einträgen.",
                )
                if "persons" in gathered.cut
                else t(
                    "Nobody but the owner may work here.",
                    "Nikt poza właścicielem nie może tu pracować.",
                    "Niemand außer dem Inhaber darf hier arbeiten.",
                ),
            )
        )
    if received or indirect:
        nodes = clients(
            t,
            received,
            indirect,
            all_received="received" not in gathered.cut,
            all_of_us="persons" not in gathered.cut,
        )
        found.append(
            Section(
                "clients",
                t(
                    "Clients, and who works for them",
                    "Klienci i kto dla nich pracuje",
                    "Kunden, und wer für sie arbeitet",
                ),
                t(
                    "client → this company → employee; the employee logs in to the client's context.",
                    "klient → ta firma → pracownik; pracownik loguje się do kontekstu klienta.",
                    "Kunde → dieses Unternehmen → Mitarbeiter; der Mitarbeiter meldet sich im Kontext des "
                    "Kunden an.",
                ),
                nodes + waiting(t, received, indirect),
            )
        )
    given, got = gathered.of("authorizations"), gathered.of("authorized-by")
    if given:
        found.append(
            Section(
                "given",
                t(*LISTINGS["authorizations"].title),
                t(*LISTINGS["authorizations"].what),
                authorized(t, given, received=False),
            )
        )
    if got:
        found.append(
            Section(
                "got",
                t(*LISTINGS["authorized-by"].title),
                t(
                    "Whoever may issue invoices in this context issues these too.",
                    "Wystawia je każdy, kto może wystawiać faktury w tym kontekście.",
                    "Ausstellen darf sie, wer in diesem Kontext Rechnungen ausstellen darf.",
                ),
                authorized(t, got, received=True),
            )
        )
    for name in ("units", "eu"):
        if lines := gathered.of(name):
            nodes = by_holder(t, lines) if here[0] == "NipVatUe" else below(t, lines)
            listing = LISTINGS[name]
            found.append(Section(name, t(*listing.title), t(*listing.what), nodes))
    return found


ROUTES: Final = [Route("/permissions/map", page(show))]
