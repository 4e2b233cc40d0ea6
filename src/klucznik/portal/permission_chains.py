"""Who holds what through whom: chains from a context to a person, and where and why they break.

A chain works as long as every link gives the same permission: the client to the office with the right to
pass it on, the office to its employee. Rules: permissions.md sections 5 to 7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from klucznik.portal.permission_words import Line, Party, scope_name
from klucznik.portal.words import Speaker


@dataclass
class Right:
    """A permission at one place of the map; `broken` says why it is of no use, `delegable` whether it
    may be passed on."""

    name: str
    broken: str = ""
    delegable: bool = False


@dataclass
class Node:
    """Somebody, what they hold, and who holds something through them."""

    party: Party
    rights: list[Right] = field(default_factory=list)
    note: str = ""
    broken: str = ""
    children: list[Node] = field(default_factory=list)

    def breaks(self) -> int:
        """How many links are broken here and below."""
        if self.broken:
            return 1  # whatever is below breaks with it
        return sum(bool(right.broken) for right in self.rights) + sum(map(Node.breaks, self.children))


def by_holder(t: Speaker, lines: Iterable[Line]) -> list[Node]:
    """Holders, each once, with what they hold."""
    nodes: dict[tuple[str, str], Node] = {}
    for line in lines:
        if line.holder is not None:
            node = nodes.setdefault((line.holder.kind, line.holder.value), Node(line.holder))
            _add(node, Right(scope_name(t, line.scope), delegable=line.delegable))
    return list(nodes.values())


def _add(node: Node, right: Right) -> None:
    for known in node.rights:
        if known.name == right.name:
            known.delegable |= right.delegable
            if not right.broken:
                known.broken = ""
            return
    node.rights.append(right)


def working_here(t: Speaker, lines: Iterable[Line]) -> list[Node]:
    """Direct holders; of those who may pass something on is said what this context cannot see."""
    nodes = by_holder(t, lines)
    for node in nodes:
        if any(right.delegable for right in node.rights):
            node.note = t(
                "may let its own employees do this; whom it chose, only it sees",
                "może dopuścić do tego własnych pracowników; kogo wybrała ta firma, widzi tylko ona",
                "darf dies den eigenen Mitarbeitern erlauben; wen, sieht nur dieses Unternehmen",
            )
    return nodes


def clients(
    t: Speaker,
    received: list[Line],
    indirect: list[Line],
    *,
    all_received: bool = True,
    all_of_us: bool = True,
) -> list[Node]:
    """Clients -> this office -> its employees, with a reason wherever the client's link is missing.

    Where not all that was received, or not all of this office's own entries, was read, what is missing may
    stand in the rest: nothing is called broken for it.
    """
    nodes: dict[tuple[str, str], Node] = {}
    given: dict[tuple[str, str], dict[str, bool]] = {}
    for line in received:
        if line.giver is not None:
            key = (line.giver.kind, line.giver.value)
            node = nodes.setdefault(key, Node(line.giver))
            _add(node, Right(scope_name(t, line.scope), delegable=line.delegable))
            known = given.setdefault(key, {})
            known[line.scope] = known.get(line.scope, False) or line.delegable
    # (1) Clients that are named in a grant, but gave nothing themselves.
    for line in indirect:
        if line.target is not None and line.target.kind != "AllPartners":
            key = (line.target.kind, line.target.value)
            if key not in nodes and not all_received:
                nodes[key] = Node(line.target, note=_unread(t))
            elif key not in nodes:
                nodes[key] = Node(
                    line.target,
                    broken=t(
                        "has given this company nothing; it has to grant a permission with the right to pass "
                        "it on",
                        "nie nadał tej firmie żadnego uprawnienia; musi je nadać z prawem do dalszego "
                        "przekazywania",
                        "hat diesem Unternehmen nichts erteilt; es muss eine Berechtigung mit dem Recht zur "
                        "Weitergabe erteilen",
                    ),
                )
    # (2) Employees below each client: those for it alone, and those for all clients.
    for key, node in nodes.items():
        people: dict[tuple[str, str], Node] = {}
        for line in indirect:
            if line.holder is None or line.target is None:
                continue
            target = line.target
            # Who gave nothing is none of "all clients".
            if not (key in given if target.kind == "AllPartners" else key == (target.kind, target.value)):
                continue
            employee = people.setdefault((line.holder.kind, line.holder.value), Node(line.holder))
            broken = _missing(t, given.get(key, {}), line.scope)
            if broken and not all_received:
                broken, employee.note = "", _unread(t)
            _add(employee, Right(scope_name(t, line.scope), broken=broken))
        node.children = list(people.values())
        if all_of_us and not people and any(given.get(key, {}).values()):
            node.note = t(
                "nobody here works for this client yet",
                "nikt tu jeszcze nie pracuje na rzecz tego klienta",
                "hier arbeitet noch niemand für diesen Kunden",
            )
    return list(nodes.values())


def _unread(t: Speaker) -> str:
    """Instead of a verdict, where the list of what clients gave was not read to its end."""
    return t(
        "whether this client lets it be passed on stands in the part of the list that was not read",
        "czy ten klient pozwala to przekazać dalej, jest w nieodczytanej części listy",
        "ob dieser Kunde die Weitergabe erlaubt, steht im nicht gelesenen Teil der Liste",
    )


def waiting(t: Speaker, received: list[Line], indirect: list[Line]) -> list[Node]:
    """Employees for all clients, where there is no client yet."""
    if received:
        return []
    nodes = by_holder(
        t, (line for line in indirect if line.target is not None and line.target.kind == "AllPartners")
    )
    for node in nodes:
        node.broken = t(
            "works for all clients, but no client has given this company anything to pass on yet",
            "pracuje na rzecz wszystkich klientów, ale żaden klient niczego jeszcze tej firmie nie przekazał",
            "arbeitet für alle Kunden, aber noch kein Kunde hat diesem Unternehmen etwas zur Weitergabe "
            "erteilt",
        )
    return nodes


def _missing(t: Speaker, given: dict[str, bool], scope: str) -> str:
    """Why an employee cannot use a permission at a client; "" where they can."""
    if given.get(scope):
        return ""
    if scope in given:
        return t(
            "the client gave it, but without the right to pass it on",
            "klient je nadał, ale bez prawa do dalszego przekazywania",
            "der Kunde hat es erteilt, aber ohne das Recht zur Weitergabe",
        )
    return t(
        "the client did not give it",
        "klient go nie nadał",
        "der Kunde hat es nicht erteilt",
    )


def own(t: Speaker, lines: Iterable[Line], here: tuple[str, str]) -> list[Node]:
    """Through whom the visitor holds what they hold in this context."""
    nodes: dict[tuple[str, str], Node] = {}
    for line in lines:
        giver = line.giver or Party(*here)
        # What one holds for clients of this company is good in their contexts, not here.
        outward = line.target if (giver.kind, giver.value) == here else None
        through = outward or giver
        node = nodes.setdefault((through.kind, through.value), Node(through))
        broken = (
            ""
            if line.active
            else t(
                "the client does not let the office pass it on (any more)",
                "klient nie pozwala (już) biuru przekazywać go dalej",
                "der Kunde erlaubt dem Büro die Weitergabe nicht (mehr)",
            )
        )
        _add(node, Right(scope_name(t, line.scope), broken=broken, delegable=line.delegable))
        if outward is not None:
            node.note = t(
                "in the context of the client, through this company",
                "w kontekście klienta, przez tę firmę",
                "im Kontext des Kunden, durch dieses Unternehmen",
            )
        elif line.target is not None:
            node.note = t(
                "passed on by this company, an intermediary",
                "przekazane przez tę firmę, pośrednika",
                "weitergegeben von diesem Unternehmen, einem Vermittler",
            )
    return list(nodes.values())


def authorized(t: Speaker, lines: Iterable[Line], *, received: bool) -> list[Node]:
    """The other companies of authorizations: who acts for us, or for whom we act."""
    nodes: dict[tuple[str, str], Node] = {}
    for line in lines:
        other = line.giver if received else line.holder
        if other is not None:
            node = nodes.setdefault((other.kind, other.value), Node(other))
            _add(node, Right(scope_name(t, line.scope)))
    return list(nodes.values())


def below(t: Speaker, lines: Iterable[Line]) -> list[Node]:
    """Units or EU entities, and below each who administers or represents it."""
    nodes: dict[tuple[str, str], Node] = {}
    kept: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.target is not None:
            key = (line.target.kind, line.target.value)
            node = nodes.setdefault(key, Node(line.target))
            if line.target.name and not node.party.name:
                node.party = line.target
            kept.setdefault(key, []).append(line)
    for key, node in nodes.items():
        node.children = by_holder(t, kept[key])
    return list(nodes.values())
