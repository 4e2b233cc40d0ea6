"""One visit of one page: who comes, in which language, with which rights, and how a page is answered."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from klucznik.client.ksef import AsyncKsef
from klucznik.errors import KlucznikError
from klucznik.lang import speaking
from klucznik.portal.banner import Banner, banner
from klucznik.portal.bodies import LARGEST_FORM, limited, read_form
from klucznik.portal.door import Door, DoorError
from klucznik.portal.kept import Kept, Logins, cookie_name
from klucznik.portal.pages import templates
from klucznik.portal.settings import Settings
from klucznik.portal.words import LANGUAGES, Speaker, chosen, context_name, permission_name

#: Codes by which KSeF says that a login is over: refused to renew, unknown, of a deceased person.
_OVER: Final = (21301, 21304, 21308)


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
    #: What every page tells of clock and tokens; None where all is as usual.
    banner: Banner | None = None

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

    def flash(self, kind: str, text: str, language: str = "") -> None:
        """Show a message (`good`, `bad`, `note`) on the next page."""
        self.kept.flash.append([kind, text, language] if language else [kind, text])

    def new_nonce(self) -> str:
        """For a form that may be sent once."""
        nonce = os.urandom(12).hex()
        self.kept.nonces = [*self.kept.nonces[-9:], nonce]
        return nonce

    def use_nonce(self) -> bool:
        """Whether the form sent is one that may be sent, and was not yet, here or in another process."""
        nonce = self.field("nonce")
        if nonce not in self.kept.nonces:
            return False
        self.kept.nonces.remove(nonce)
        return self.logins.once(nonce)

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
            context_name=lambda kind: context_name(self.t, kind),
            path=self.request.url.path,
            **values,
        )
        return Response(body, status, media_type="text/html; charset=utf-8")

    def again(self, template: str, unfit: Unfit, **values: Any) -> Response:
        """The page of a form once more, with what is wrong; templates fill in `visit.field(…)`."""
        self.flash("bad", str(unfit))
        return self.page(template, 400, **values)

    def go(self, path: str) -> Response:
        """On to another page, by GET."""
        return RedirectResponse(f"/web{path}", 303)

    def said(self, error: KlucznikError) -> str:
        """What went wrong, with the next step, in the visitor's language (German has English texts)."""
        hint = error.hint and error.hint[0].upper() + error.hint[1:]
        return f"{error.message} {hint}".strip()

    async def causes(self, key: str, *, own: bool = False) -> list[str]:
        """Why something was refused, by trace id or reference number, as far as it is of this context.

        `own` is for a key that came with the visitor's own call: whatever it concerns may be told.
        """
        if not key:
            return []
        here = ("", " ".join(self.kept.context))
        found = [cause for cause in await self.door.why(key) if own or cause.get("context", "") in here]
        return [str(cause["why"][self.t.of_library]) for cause in found]

    async def tell(self, error: KlucznikError, reference: str = "") -> None:
        """Flash a refusal of a call of this visit, and beneath it the cause that the local KSeF keeps.

        `reference` names what failed after 202.
        """
        self.flash("bad", self.said(error), self.t.of_library)
        for cause in await self.causes(getattr(error, "trace_id", "") or reference, own=True):
            self.flash("note", self.t("Why: ", "Dlaczego: ", "Warum: ") + cause, self.t.of_library)

    def renew(self) -> None:
        """A new cookie, for somebody who came in or left: the one known before opens nothing any more."""
        self.logins.drop(self.cookie)
        self.cookie = self.logins.new_cookie()
        self.kept.csrf = Kept().csrf


Page = Callable[[Visit], Awaitable[Response]]


def page(handler: Page, *, public: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a page. Without `public` only who is logged in gets it."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        request = limited(request, LARGEST_FORM)
        try:
            async with visiting(request) as visit:
                with speaking(visit.t.of_library):
                    if request.method == "POST" and (refused := await read_form(visit)):
                        answer = refused
                    else:
                        answer = await _answered(handler, visit, public)
        finally:
            await request.close()
        return visit.logins.sign(answer, visit.cookie, request)

    return endpoint


@asynccontextmanager
async def visiting(request: Request) -> AsyncIterator[Visit]:
    """Who comes, by the cookie; what changed of them is kept at the end."""
    settings: Settings = request.app.state.settings
    logins: Logins = request.app.state.logins
    door: Door = request.app.state.door
    now = settings.clock.now()
    cookie = request.cookies.get(cookie_name(request))
    found = logins.read(cookie, now)
    before = deepcopy(found)
    kept = found or Kept(ended=cookie is not None)
    if found is None or cookie is None:
        cookie = logins.new_cookie()
    speaker = Speaker(chosen(kept.language, request.headers.get("accept-language", "")))
    async with settings.connect() as http:
        if settings.internal is not None:
            with settings.internal.reveal() as key:
                http.headers["X-Klucznik-Internal"] = key.hex()
        ksef = AsyncKsef(settings.reached, http=http, credentials=kept.credentials(), allow_plain_http=True)
        visit = Visit(
            request, settings, logins, door, cookie, kept, speaker, FormData(), ksef, await banner(door)
        )
        yield visit
        kept.keep(visit.ksef.credentials)
    if visit.cookie != cookie or before is None:
        logins.write(visit.cookie, kept, now)
    else:
        logins.rewrite(cookie, before, kept, now)


async def _answered(handler: Page, visit: Visit, public: bool) -> Response:
    t = visit.t
    if not public and not visit.inside:
        if visit.kept.ended:
            visit.kept.ended = False
            visit.flash(
                "note",
                t(
                    "Your login has ended; log in again, nothing is lost.",
                    "Sesja w portalu wygasła; zaloguj się ponownie, nic nie przepadło.",
                    "Ihre Anmeldung ist abgelaufen; melden Sie sich neu an, es ging nichts verloren.",
                ),
            )
        _remember(visit)
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
        over = getattr(error, "status", None) == 401 or getattr(error, "code", 0) in _OVER
        if over and visit.inside:
            leave(visit)
            _remember(visit)
            visit.flash(
                "note",
                t(
                    "KSeF has ended your login; log in again.",
                    "KSeF zakończył Twoją sesję; zaloguj się ponownie.",
                    "KSeF hat Ihre Anmeldung beendet; melden Sie sich neu an.",
                ),
            )
            return visit.go("/login")
        await visit.tell(error)
        return visit.page("message.html", 400, back=_back(visit.request))


def _remember(visit: Visit) -> None:
    """Keep the page that is wanted for after the login; what a script looks up in the background is none."""
    if visit.request.method == "GET" and visit.request.headers.get("accept") != "application/json":
        visit.kept.after = visit.request.url.path.removeprefix("/web")


def leave(visit: Visit) -> None:
    """Forget who is logged in; the language stays."""
    fresh = Kept(language=visit.kept.language, flash=visit.kept.flash)
    visit.kept.__dict__.update(fresh.__dict__)
    visit.ksef.credentials.forget()
    visit.renew()


def _back(request: Request) -> str:
    path = urlsplit(request.headers.get("referer", "")).path
    return path if path.startswith("/web/") else "/web/"


def onward(path: str) -> Callable[[Visit], Awaitable[Response]]:
    """For GET where forms are posted: a change of language or a typed address leads to where they begin."""

    async def lead(visit: Visit) -> Response:
        return visit.go(path)

    return lead


def address(path: str, **query: str) -> str:
    """A path of the portal with a query."""
    given = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value)
    return f"/web{path}?{given}" if given else f"/web{path}"
