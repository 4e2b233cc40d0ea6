"""One visit of one page: who comes, in which language, with which rights, and how a page is answered."""

from __future__ import annotations

import hmac
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from klucznik.client.credentials import Credentials, Jwt
from klucznik.client.ksef import AsyncKsef
from klucznik.errors import KlucznikError
from klucznik.lang import speaking
from klucznik.portal.door import Door, DoorError
from klucznik.portal.kept import Kept, Logins
from klucznik.portal.pages import templates
from klucznik.portal.settings import Settings
from klucznik.portal.words import LANGUAGES, Speaker, chosen, permission_name
from klucznik.secret import Secret

COOKIE: Final = "klucznik"
#: Bytes of a form, files included.
LARGEST_FORM: Final = 12_000_000


class Unfit(Exception):
    """A form that cannot be taken: the text says what to change; the page is shown again with it."""


@dataclass
class Visit:
    """A request, and all that pages need to answer it."""

    request: Request
    settings: Settings
    logins: Logins
    door: Door
    cookie: str
    kept: Kept
    t: Speaker
    form: FormData
    ksef: AsyncKsef

    @property
    def inside(self) -> bool:
        return self.kept.inside

    @property
    def context(self) -> tuple[str, str]:
        """Type and value of the context entered."""
        kind, value = self.kept.context
        return kind, value

    def field(self, name: str) -> str:
        """A text of the form, without blanks around it; "" where it is missing."""
        value = self.form.get(name)
        return value.strip() if isinstance(value, str) else ""

    def fields(self, name: str) -> list[str]:
        """All texts of that name: ticked boxes."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    async def file(self, name: str) -> bytes:
        """The bytes of an uploaded file; empty where there is none."""
        value = self.form.get(name)
        return b"" if value is None or isinstance(value, str) else await value.read()

    def flash(self, kind: str, text: str) -> None:
        """Show a message (`good`, `bad`, `note`) on the next page."""
        self.kept.flash.append([kind, text])

    def new_nonce(self) -> str:
        """For a form that may be sent once."""
        nonce = os.urandom(12).hex()
        self.kept.nonces = [*self.kept.nonces[-9:], nonce]
        return nonce

    def use_nonce(self) -> bool:
        """Whether the form sent is one that may be sent, and was not yet."""
        nonce = self.field("nonce")
        if nonce not in self.kept.nonces:
            return False
        self.kept.nonces.remove(nonce)
        return True

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page; what is flashed is shown and forgotten."""
        flash, self.kept.flash = self.kept.flash, []
        body = templates.get_template(template).render(
            visit=self,
            t=self.t,
            flash=flash,
            csrf=self.kept.csrf,
            languages=LANGUAGES,
            permission=lambda wire: permission_name(self.t, wire),
            path=self.request.url.path,
            **values,
        )
        return Response(body, status, media_type="text/html; charset=utf-8")

    def go(self, path: str) -> Response:
        """On to another page, by GET."""
        return RedirectResponse(f"/web{path}", 303)

    def said(self, error: KlucznikError) -> str:
        """What went wrong, with the next step, in the visitor's language (German has English texts)."""
        hint = getattr(error, "hint", "")
        return f"{error} {hint}".strip()


Page = Callable[[Visit], Awaitable[Response]]


def page(handler: Page, *, public: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a page. Without `public` only who is logged in gets it."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        settings: Settings = request.app.state.settings
        logins: Logins = request.app.state.logins
        now = settings.clock.now()
        cookie = request.cookies.get(COOKIE)
        found = logins.read(cookie, now)
        gone = found is None and cookie is not None
        kept = found or Kept()
        if found is None or cookie is None:
            cookie = logins.new_cookie()
        language = chosen(kept.language, request.headers.get("accept-language", ""))
        speaker = Speaker(language)
        form = FormData()
        if request.method == "POST":
            if not _own(request):
                return Response("This form was sent from elsewhere.", 403, media_type="text/plain")
            form = await request.form(max_part_size=LARGEST_FORM)
            if not hmac.compare_digest(str(form.get("csrf", "")).encode(), kept.csrf.encode()):
                return _stale(request, speaker)
        async with settings.connect() as http:
            if settings.internal is not None:
                with settings.internal.reveal() as key:
                    http.headers["X-Klucznik-Internal"] = key.hex()
            ksef = AsyncKsef(
                settings.reached, http=http, credentials=_credentials(kept), allow_plain_http=True
            )
            visit = Visit(
                request, settings, logins, request.app.state.door, cookie, kept, speaker, form, ksef
            )
            with speaking(speaker.of_library):
                answer = await _answered(handler, visit, public, gone)
            _keep_credentials(kept, ksef.credentials)
        logins.write(cookie, kept, now)
        answer.set_cookie(
            COOKIE,
            cookie,
            path="/web",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    return endpoint


async def _answered(handler: Page, visit: Visit, public: bool, gone: bool) -> Response:
    t = visit.t
    if not public and not visit.inside:
        if gone:
            visit.flash(
                "note",
                t(
                    "Your login has ended; log in again, nothing is lost.",
                    "Sesja w portalu wygasła; zaloguj się ponownie, nic nie przepadło.",
                    "Ihre Anmeldung ist abgelaufen; melden Sie sich neu an, es ging nichts verloren.",
                ),
            )
        return visit.go("/login")
    try:
        return await handler(visit)
    except Unfit as unfit:
        visit.flash("bad", str(unfit))
        return visit.page("message.html", 400, back=_back(visit.request))
    except DoorError as shut:
        visit.flash("bad", str(shut))
        return visit.page("message.html", 502, back="/web/")
    except KlucznikError as error:
        if getattr(error, "status", None) == 401 and visit.inside:
            leave(visit)
            visit.flash(
                "note",
                t(
                    "KSeF has ended your login; log in again.",
                    "KSeF zakończył Twoją sesję; zaloguj się ponownie.",
                    "KSeF hat Ihre Anmeldung beendet; melden Sie sich neu an.",
                ),
            )
            return visit.go("/login")
        visit.flash("bad", visit.said(error))
        return visit.page("message.html", 400, back=_back(visit.request))


def leave(visit: Visit) -> None:
    """Forget who is logged in; the language stays."""
    fresh = Kept(language=visit.kept.language, flash=visit.kept.flash)
    visit.kept.__dict__.update(fresh.__dict__)
    visit.ksef.credentials.forget()


def _own(request: Request) -> bool:
    """Whether a form comes from a page of ours, as far as the browser tells."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _stale(request: Request, t: Speaker) -> Response:
    text = t(
        "This form has expired. Go back, reload the page and send it again.",
        "Formularz stracił ważność. Wróć, odśwież stronę i wyślij go ponownie.",
        "Das Formular ist abgelaufen. Gehen Sie zurück, laden Sie die Seite neu und senden Sie es erneut.",
    )
    return Response(text, 403, media_type="text/plain; charset=utf-8")


def _back(request: Request) -> str:
    path = urlsplit(request.headers.get("referer", "")).path
    return path if path.startswith("/web/") else "/web/"


def _credentials(kept: Kept) -> Credentials:
    found = Credentials()
    if kept.access:
        found.access_token = Jwt(Secret(kept.access[0]), datetime.fromisoformat(kept.access[1]))
    if kept.refresh:
        found.refresh_token = Jwt(Secret(kept.refresh[0]), datetime.fromisoformat(kept.refresh[1]))
    return found


def _keep_credentials(kept: Kept, credentials: Credentials) -> None:
    def told(jwt: Jwt | None) -> list[str]:
        return [jwt.token.text(), jwt.until.isoformat()] if jwt else []

    kept.access, kept.refresh = told(credentials.access_token), told(credentials.refresh_token)


def address(path: str, **query: str) -> str:
    """A path of the portal with a query."""
    given = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value)
    return f"/web{path}?{given}" if given else f"/web{path}"
