"""`klucznik permission` typed at a terminal: an office, its client, an employee; and a stranger."""

from __future__ import annotations

from random import Random

from klucznik.wire.ids import make_nip, make_pesel
from processes import Served

from .conftest import NIP, Desk

COMPANY = ("--company", NIP, "--cert", "firma.pem")
_rand = Random()


def test_permissions_come_and_go(desk: Desk, ksef: Served) -> None:
    pesel, office = make_pesel(_rand), make_nip(_rand)
    person = ("--to", "Pesel", pesel, "--person", "Jan", "Biurowy")
    done = desk.run("permission", "grant", *COMPANY, *person, "-p", "invoiceread,InvoiceWrite")
    assert "InvoiceRead, InvoiceWrite" in done.out
    company = ("--to", "Nip", office, "--entity", "Biuro rachunkowe")
    (told,) = desk.run(
        "permission", "grant", *COMPANY, *company, "-p", "InvoiceRead", "--delegate", "--json"
    ).objects()
    assert "-EG-" in told["referenceNumber"]
    for more in (("--clients",), ("--client", make_nip(_rand))):
        desk.run("permission", "grant", *COMPANY, *person, "-p", "InvoiceRead", *more)
    (listed,) = desk.run("permission", "list", *COMPANY, "--json").objects()
    mine = [item for item in listed if item["authorizedIdentifier"]["value"] in (pesel, office)]
    assert len(mine) == 5
    lines = desk.run("permission", "list", *COMPANY).out.splitlines()
    (given,) = [line for line in lines if office in line]
    assert "may pass it on" in given
    assert any("inactive" in line and pesel in line for line in lines)
    assert any("all clients" in line and pesel in line for line in lines)
    for item in mine:
        desk.run("permission", "revoke", item["id"], *COMPANY)
    refused = desk.run("permission", "revoke", mine[0]["id"], *COMPANY, code=1)
    assert "450" in refused.err
    own = desk.run("permission", "list", *COMPANY, "--what", "own").out
    assert own.startswith("Owner: CredentialsManage, ")
    assert len(own.splitlines()) == 1
    assert desk.run("permission", "list", *COMPANY, "--what", "received").out.strip() == "None."


def test_authorizations_come_and_go(desk: Desk) -> None:
    other = make_nip(_rand)
    to = ("--to", "nip", other, "--entity", "Kontrahent sp. z o.o.")
    desk.run("permission", "authorize", *COMPANY, *to, "--permission", "SelfInvoicing")
    line = desk.run("permission", "list", *COMPANY, "--what", "authorizations").out.splitlines()[2]
    assert "SelfInvoicing" in line
    assert f"NIP {other}" in line
    assert desk.run("permission", "list", *COMPANY, "--what", "authorized-by").out.strip() == "None."
    number = line.split()[0]
    assert "450" in desk.run("permission", "revoke", number, *COMPANY, code=1).err
    desk.run("permission", "revoke", number, *COMPANY, "--authorization")
    assert desk.run("permission", "list", *COMPANY, "--what", "authorizations").out.strip() == "None."


def test_wrong_usage_is_told(desk: Desk) -> None:
    to = ("--to", "Pesel", make_pesel(_rand))
    name = ("--person", "Jan", "Biurowy")
    for wrong in (
        (*to, "-p", "InvoiceRead"),
        (*to, *name, "--entity", "Biuro", "-p", "InvoiceRead"),
        (*to, *name, "--delegate", "-p", "InvoiceRead"),
        (*to, "--entity", "Biuro rachunkowe", "-p", "InvoiceRead"),
        (*to, *name, "-p", "Everything"),
        (*to, *name, "-p", "InvoiceRead", "--description", "four"),
        ("--to", "Nip", make_nip(_rand), "--entity", "Biuro rachunkowe", "-p", "CredentialsManage"),
    ):
        assert desk.run("permission", "grant", *COMPANY, *wrong, code=64).err


def test_a_stranger_grants_nothing(desk: Desk) -> None:
    """His certificate opens his own company, not this one."""
    desk.run("cert", "new", "--seal", "--nip", make_nip(_rand), "--out", "obcy.pem")
    entering = ("--company", NIP, "--cert", "obcy.pem")
    to = ("--to", "Pesel", make_pesel(_rand), "--person", "Jan", "Biurowy")
    assert desk.run("permission", "grant", *entering, *to, "-p", "InvoiceRead", code=1).err
    assert desk.run("permission", "list", *entering, code=1).err
