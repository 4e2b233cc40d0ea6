"""`klucznik testdata`: subjects, people, permissions and limits on a test environment."""

from __future__ import annotations

import click

from klucznik.cli.lazy import LazyGroup, Table
from klucznik.lang import tr

COMMANDS: Table = {
    "person": (
        "testdata_people:person",
        tr("Register a sole trader: NIP and PESEL.", "Zarejestruj JDG: NIP i PESEL."),
    ),
    "subject": (
        "testdata_people:subject",
        tr("Register a subject with a role.", "Zarejestruj podmiot z rolą."),
    ),
    "permissions": (
        "testdata_people:permissions",
        tr("Grant permissions, as by paper.", "Nadaj uprawnienia, jak papierowo."),
    ),
    "remove-person": ("testdata_people:remove_person", tr("Remove a sole trader.", "Usuń JDG.")),
    "remove-subject": ("testdata_people:remove_subject", tr("Remove a subject.", "Usuń podmiot.")),
    "remove-permissions": (
        "testdata_people:remove_permissions",
        tr("Take back what `permissions` granted.", "Odbierz nadane przez `permissions`."),
    ),
    "attachments": (
        "testdata_context:attachments",
        tr("Allow or end invoices with attachments.", "Dopuść lub zakończ faktury z załącznikami."),
    ),
    "block": ("testdata_context:block", tr("Block logins to a context.", "Zablokuj logowania do kontekstu.")),
    "unblock": (
        "testdata_context:unblock",
        tr("Allow logins to it again.", "Znów dopuść logowania do niego."),
    ),
    "certificate": (
        "testdata_context:certificate",
        tr("Bring the end of a KSeF certificate forward.", "Przyspiesz koniec certyfikatu KSeF."),
    ),
    "limits": (
        "testdata_limits:limits",
        tr("Change or reset limits.", "Zmień lub przywróć limity."),
    ),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    help=tr(
        "Create test subjects, people, permissions and limits. The test environment alone has them.\n\nA NIP "
        "needs no registration to work on the test profile; registration is for roles, NIP-PESEL links and "
        "paper (ZAW-FA) permissions.",
        "Utwórz testowe podmioty, osoby, uprawnienia i limity. Ma je tylko środowisko testowe.\n\nNIP działa w "
        "profilu testowym bez rejestracji; rejestracja służy rolom, powiązaniom NIP-PESEL i uprawnieniom z "
        "papieru (ZAW-FA).",
    ),
)
def testdata() -> None:
    pass
