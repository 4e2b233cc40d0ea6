"""What to type in a terminal to keep and try a token of the visitor's context."""

from __future__ import annotations

from klucznik.client.environments import ENVIRONMENTS
from klucznik.portal.token_rights import CONTEXTS
from klucznik.portal.visit import Visit


def commands(visit: Visit) -> list[str]:
    """Two commands; none in a context that has no tokens.

    Copied one by one: the first asks for the token, and would take a second line for it. The vault keeps
    tokens by the name of the KSeF, so all pages have to name it alike.
    """
    kind, value = visit.context
    if kind not in CONTEXTS:
        return []
    api = visit.settings.api
    place = "" if api == ENVIRONMENTS["local"] else f" --ksef {api}"
    # A unit's token is kept under its company: the first ten characters of its identifier.
    rest = f"--company {value[:10]} --key-file vault.key{place}"
    return [f"klucznik token {what} {rest}" for what in ("put", "check")]
