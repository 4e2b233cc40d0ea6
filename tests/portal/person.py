"""People at the portal: they open pages and send forms over HTTP, as a browser without JavaScript does.

Ania owns a firm, Biuro is permitted there, Obcy is a stranger with a firm of his own.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from html import unescape
from random import Random
from typing import Any

import httpx2

from klucznik.testing import RunningKsef
from klucznik.wire.ids import make_nip, make_pesel

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_rand = Random()
#: Loading the machine's CAs for each visitor takes longer than most tests.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def new_nip() -> str:
    return make_nip(_rand)


def new_pesel() -> str:
    return make_pesel(_rand)


@dataclass
class Visitor:
    """Somebody with a browser of their own. Redirects are followed; `language` is what it asks for."""

    running: RunningKsef
    language: str = "en"
    given: str = "Anna"
    surname: str = "Nowak"
    pesel: str = field(default_factory=new_pesel)
    nip: str = ""  # of the firm whose context is entered; "" is nobody's

    def __post_init__(self) -> None:
        self.http = httpx2.Client(
            base_url=f"{self.running.url.removesuffix('/v2')}/web",
            verify=_NO_TLS,
            trust_env=False,
            timeout=30,
            follow_redirects=True,
            headers={"Accept-Language": self.language},
        )

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    @property
    def name(self) -> str:
        return f"{self.given} {self.surname}"

    def get(self, path: str, code: int = 200) -> str:
        """The page at a path below /web."""
        answer = self.http.get(path)
        assert answer.status_code == code, (path, answer.status_code, answer.text[:2000])
        return answer.text

    def csrf(self, path: str = "/login") -> str:
        """The token that forms carry."""
        found = _CSRF.search(self.get(path))
        assert found, path
        return unescape(found[1])

    def post(self, path: str, code: int = 200, /, *, files: Any = None, **fields: Any) -> str:
        """Send a form with its token; the page it leads to. A list is a field with several values."""
        data = {"csrf": self.csrf(), **fields}
        answer = self.http.post(path, data=data, files=files)
        assert answer.status_code == code, (path, answer.status_code, answer.text[:2000])
        return answer.text

    def log_in(self, kind: str = "Nip", value: str = "") -> Visitor:
        """By the simulated Trusted Profile, into the firm's context unless another is named."""
        self.post("/login/profile", given=self.given, surname=self.surname, number=self.pesel)
        page = self.post("/login/context", context=f"{kind} {value or self.nip}")
        assert 'class="who"' in page, page[:3000]
        return self

    def hidden(self, page: str, name: str) -> str:
        """The value of a hidden field of a page."""
        found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)
        assert found, name
        return unescape(found[1])


def owner(running: RunningKsef, *, language: str = "en", given: str = "Anna", inside: bool = True) -> Visitor:
    """Somebody with a firm of their own, logged in there."""
    visitor = Visitor(running, language, given=given, nip=new_nip())
    running.seed({"persons": [{"nip": visitor.nip, "pesel": visitor.pesel, "isBailiff": False}]})
    return visitor.log_in() if inside else visitor


def employee(running: RunningKsef, nip: str, *permissions: str, language: str = "en") -> Visitor:
    """Somebody who holds these permissions at a firm, logged in there."""
    visitor = Visitor(running, language, given="Biuro", nip=nip)
    grant = {
        "contextIdentifier": {"type": "Nip", "value": nip},
        "authorizedIdentifier": {"type": "Pesel", "value": visitor.pesel},
        "permissions": [{"permissionType": name, "description": "for a test"} for name in permissions],
    }
    running.seed({"grants": [grant]})
    return visitor.log_in()
