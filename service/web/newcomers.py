"""Customers that exist only there: taking one in, and asking for what a customer here needs besides."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.core.ports import Family
from service.records.inputs import NewcomerInput
from service.store.accounts import Role
from service.store.queries import connections, counterparts
from service.sync import newcomer
from service.sync.match import BadDecision
from service.web.access import does, person, shows
from service.web.pages import pages
from service.web.parts import package_of, parts
from service.web.typed import faults_of, texts_of

_ASKED = ("first_name", "email")


@pages.get("/connections/<connection_id>/newcomers")
@shows()
def newcomer_form(session: Session, connection_id: str) -> str:
    """Show who would be taken in, and ask for a person where the package names none."""
    return _form(session, connection_id, request.args.get("remote_id", ""))


@pages.post("/connections/<connection_id>/newcomers")
@does(Role.ACCOUNTANT)
def take_in(connection_id: str) -> Any:
    """Take one in, or say what is missing and keep what was typed."""
    someone, platform, remote_id = person(), parts().platform, request.form.get("remote_id", "")
    faults: dict[str, str] = {}
    refusal = ""
    try:
        (customer_id,) = newcomer.take_in(
            platform,
            organisation_id=someone.company.id,
            connection_id=connection_id,
            newcomers=[NewcomerInput.model_validate({"remote_id": remote_id, **texts_of(request.form, _ASKED)})],
            actor=someone.actor,
        )
    except ValidationError as error:
        faults = faults_of(error)
    except BadDecision as error:
        refusal = str(error)
    else:
        flash("It is a customer here now, tied to the one there. Nothing was written there.")
        return redirect(url_for("pages.customer", customer_id=customer_id), 303)
    with platform.database.read() as session:
        return _form(session, connection_id, remote_id, faults=faults, refusal=refusal), 422


def _form(
    session: Session, connection_id: str, remote_id: str, *, faults: dict[str, str] | None = None, refusal: str = ""
) -> str:
    row = connections.get(session, person().company.id, connection_id)
    there = counterparts.by_remote_ids(session, row.id, Family.CUSTOMER, [remote_id]).get(remote_id)
    if there is None:
        raise connections.NotFoundError
    return render_template(
        "newcomer.html",
        row=row,
        package=package_of(row.provider),
        there=there,
        faults=faults or {},
        refusal=refusal,
        typed=request.form,
    )
