"""Contact groups (Xero facts 2): names, and who is in them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response

from sandbox.xero.errors import XeroError, not_found, validation_exception
from sandbox.xero.organisation import Organisation, Record
from sandbox.xero.resource import elements

MOST_GROUPS = 100


def add_routes(add: Callable[[str, str, Callable[..., Record | Response]], None]) -> None:
    """Add the routes of contact groups; ``add(method, rule, work)``."""
    add("GET", "/ContactGroups", lambda org: {"ContactGroups": [_view(org, one, full=False) for one in _active(org)]})
    add("GET", "/ContactGroups/<key>", lambda org, key: {"ContactGroups": [_view(org, _one(org, key), full=True)]})
    add("PUT", "/ContactGroups", _create)
    add("POST", "/ContactGroups/<key>", _change)
    add("PUT", "/ContactGroups/<key>/Contacts", _join)
    add("DELETE", "/ContactGroups/<key>/Contacts", _clear)
    add("DELETE", "/ContactGroups/<key>/Contacts/<contact_id>", _leave)


def _active(org: Organisation) -> list[Record]:
    return [group for group in org.contact_groups.values() if group["Status"] == "ACTIVE"]


def _one(org: Organisation, key: str) -> Record:
    group = org.contact_groups.get(key)
    if group is None:
        raise not_found()
    return group


def _view(org: Organisation, group: Record, *, full: bool) -> Record:
    shown = {name: group[name] for name in ("ContactGroupID", "Name", "Status")}
    contacts = [{"ContactID": one, "Name": org.contacts[one]["Name"]} for one in group["Contacts"]]
    return {**shown, "Contacts": contacts} if full else shown


def _create(org: Organisation) -> Record:
    made = []
    for given in elements("ContactGroups"):
        name = str(given.get("Name") or "").strip()
        if not name or any(group["Name"] == name for group in _active(org)):
            raise _invalid("The name of a contact group must be given and unique.")
        if len(_active(org)) >= MOST_GROUPS:
            raise _invalid(f"An organisation can have at most {MOST_GROUPS} contact groups.")
        group: Record = {"ContactGroupID": org.new_id("group"), "Name": name, "Status": "ACTIVE", "Contacts": []}
        org.contact_groups[group["ContactGroupID"]] = group
        made.append(_view(org, group, full=True))
    return {"ContactGroups": made}


def _change(org: Organisation, key: str) -> Record:
    group, given = _one(org, key), elements("ContactGroups")[0]
    for name in ("Name", "Status"):
        if given.get(name):
            group[name] = str(given[name])
    return {"ContactGroups": [_view(org, group, full=True)]}


def _join(org: Organisation, key: str) -> Record:
    group = _one(org, key)
    for given in elements("Contacts"):
        contact = org.contacts.get(str(given.get("ContactID")))
        if contact is None:
            raise _invalid("The contact could not be found")
        if contact["ContactStatus"] != "ACTIVE":
            raise _invalid("Unable to assign an Archived contact.")
        if contact["ContactID"] not in group["Contacts"]:
            group["Contacts"].append(contact["ContactID"])
    return {"Contacts": _view(org, group, full=True)["Contacts"]}


def _clear(org: Organisation, key: str) -> Response:
    _one(org, key)["Contacts"].clear()
    return Response(status=204)


def _leave(org: Organisation, key: str, contact_id: str) -> Response:
    group = _one(org, key)
    if contact_id not in group["Contacts"]:
        raise not_found()
    group["Contacts"].remove(contact_id)
    return Response(status=204)


def _invalid(message: str) -> XeroError:
    return validation_exception([{"ValidationErrors": [{"Message": message}]}])
