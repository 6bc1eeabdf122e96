"""Bodies of requests, in the words of the domain."""

from __future__ import annotations

from typing import Any

from service.core.problem import Problem, ProblemKind
from service.core.problem import to_json as problem_to_json
from service.core.snapshot import Snapshot
from service.core.snapshot import to_json as snapshot_to_json
from service.records.author import Author
from service.records.users import create_user
from service.store.accounts import Role
from service.store.base import utc_now
from service.store.database import Database
from service.store.drift_models import DriftRow
from service.store.letter_models import LetterRow, MailingRow
from service.store.plan_models import PlanRow
from service.store.reset_models import ResetRow
from service.store.sync_models import ConnectionRow, LinkRow, ProblemRow, RunRow


def company(name: str = "Freeman Sporting Goods", **fields: Any) -> dict[str, Any]:
    person = {"first_name": "James", "last_name": "Smith", "email": "james@freeman.example"}
    return {"name": name, "contacts": [person], **fields}


def line(unit_price: str = "150.00", quantity: str = "2", **fields: Any) -> dict[str, Any]:
    return {"description": "Work", "quantity": quantity, "unit_price": unit_price, **fields}


def invoice(customer_id: str, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"customer_id": customer_id, "issue_date": "2026-11-22", "lines": list(lines) or [line()], **fields}


def synced(database: Database, organisation_id: str, customer_id: str) -> dict[str, str]:
    """A connection with a run, a link of the customer and a question about it; ids by the path they are read at."""
    owner = {"organisation_id": organisation_id}
    with database.write() as session:
        connection = ConnectionRow(**owner, provider="xero", state="live", settings={}, mapping={})
        session.add(connection)
        session.flush()
        at = {**owner, "connection_id": connection.id}
        run = RunRow(**at, kind="sync", requested_by="test", state="succeeded", counts={"created": 1})
        link = LinkRow(
            **at, entity="customer", record_id=customer_id, family="customer", remote_id="58", wanted=1, confirmed=1,
            baseline=snapshot_to_json(Snapshot(fields={"name": "Freeman"})),
        )  # fmt: skip
        session.add_all([run, link])
        session.flush()
        asked = Problem(kind=ProblemKind.REJECTED, params={"label": "Freeman", "package": "Xero", "detail": "No."})
        question = ProblemRow(**at, link_id=link.id, kind="rejected", label="Freeman", document=problem_to_json(asked))
        reset = ResetRow(**at, kind="reset", old_counterpart="rename", state="asked", requested_by="test")
        drifted = DriftRow(
            **at, link_id=link.id, entity="customer", record_id=customer_id, label="Freeman", field="name",
            agreed="Freeman", ours="Freeman", theirs="Freedman",
        )  # fmt: skip
        plan = PlanRow(**at, created_by="test", calls=0, unchanged=1, actions=0)
        session.add_all([question, reset, drifted, plan])
        session.flush()
        link.open_problem_id = question.id
        ids = {"connections": connection.id, "runs": run.id, "links": link.id, "conflicts": question.id}
        return ids | {"resets": reset.id, "drift": drifted.id, "plans": plan.id}


def mailed(database: Database, organisation_id: str, invoice_id: str) -> dict[str, str]:
    """Add a letter of which nobody knows whether it left; return its id and that of its mailing."""
    with database.write() as session:
        mailing = MailingRow(organisation_id=organisation_id, requested_by="token:1")
        session.add(mailing)
        session.flush()
        letter = LetterRow(
            organisation_id=organisation_id,
            mailing_id=mailing.id,
            invoice_id=invoice_id,
            number="INV-1001",
            state="unknown",
            to=["a@b.example"],
            cc=[],
            why="company email",
            asked_by="token:1",
            way="own",
            way_why="It goes by our own mail, without a PDF.",
        )
        session.add(letter)
        session.flush()
        return {"letters": letter.id, "mailings": mailing.id}


def account(database: Database, organisation_id: str) -> str:
    """Add somebody who may sign in; return the id."""
    with database.write() as session:
        author = Author(organisation_id=organisation_id, actor="test", now=utc_now())
        address = f"{organisation_id[-12:]}@people.example"
        return create_user(session, author, email=address, password="a long secret of hers", role=Role.VIEWER).id
