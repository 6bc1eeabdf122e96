"""More of everything that pages list, so that what grows with it shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.records.contacts import create_contact
from service.records.inputs import AddressInput, JobSiteInput, PaymentInput, TaxLevelInput
from service.records.job_sites import create_job_site
from service.records.payments import record_payment
from service.records.tax_levels import create_tax_level
from service.records.tokens import issue_token
from service.store.accounts import Role, User
from service.store.drift_models import DriftRow
from service.store.letter_models import LetterRow, MailingRow
from service.store.notification_models import NotificationRuleRow
from service.store.plan_models import PlanActionRow, PlanRow
from service.store.queries.events import Subject, add_event
from service.store.records import CustomerRow, InvoiceRow
from service.store.reset_models import ResetItemRow, ResetRow
from service.store.sync_models import CallRow, ConnectionRow, IntentRow, LinkRow, RunRow
from tests.web.package import remote_customer
from tests.web.world import (
    NOW,
    World,
    both_changed,
    company,
    counterpart,
    duplicate,
    invoice,
    job,
    link,
    person,
    problem,
)


def crowd(world: World, count: int) -> None:
    """Add ``count`` of everything, and to Freeman's records ``count`` of everything that hangs on one."""
    with world.database.write() as session:
        for _ in range(count):
            _add(session, world, str(len(world.ids)))


def _add(session: Session, world: World, number: str) -> None:
    at = session.get_one(ConnectionRow, world.ids["connection"])
    freeman = session.get_one(CustomerRow, world.ids["freeman"])
    row = company(session, world, f"Company {number}", phone="(650) 555-0987", email=f"c{number}@example.com")
    below = job(session, world, row, f"Job {number}")
    bill = invoice(session, world, row)
    tie = link(session, at, row, "red", remote_id=f"c{number}")
    link(session, at, below, "orange", remote_id=f"j{number}")
    link(session, at, bill, remote_id=f"i{number}")
    counterpart(session, at, remote_customer(f"c{number}", f"Company {number}", phone="555 2222"))
    asked = problem(session, tie, row.name, both_changed(row.name))
    fresh = company(session, world, f"Fresh {number}")
    problem(session, link(session, at, fresh, "red", remote_id=None, baseline=None), fresh.name, duplicate(fresh.name))
    company(session, world, f"Unsent {number}")
    settled = company(session, world, f"Settled {number}")
    problem(session, link(session, at, settled, remote_id=f"s{number}"), settled.name, both_changed(settled.name),
            closed_at=NOW, closed_by=f"user:{world.users['admin']}", answer={"option": "keep_ours"})  # fmt: skip
    address = AddressInput(line1=f"{number} Easy St.", country="US")
    site = create_job_site(session, world.author, freeman.id, JobSiteInput(name=f"Site {number}", address=address))
    level = create_tax_level(session, world.author, TaxLevelInput(name=f"Level {number}", rate_percent="8"))
    known = {"role": "Site", "job_site_id": site.id, "tax_level_id": level.id}
    contact = create_contact(
        session, world.author, freeman.id, person(f"Pat {number}", f"p{number}@example.com", **known)
    )
    job(session, world, freeman, f"Further job {number}")
    further = invoice(session, world, freeman)
    given = {"invoice_id": further.id, "amount": "1.00", "method": "Cash"}
    payment = record_payment(session, world.author, PaymentInput.model_validate(given))
    matching = session.get_one(ConnectionRow, world.ids["matching"])
    counterpart(session, matching, remote_customer(f"m{number}", row.name))
    counterpart(session, matching, remote_customer(f"o{number}", f"Only there {number}"))
    ids = _history(session, world, at, tie, row, bill, number)
    ids |= {f"crowd {number}": row.id, "asked": asked.id, "contact": contact.id, "site": site.id, "payment": payment.id}
    world.ids |= {name: ids[name] for name in ids if name not in world.ids}


def _history(
    session: Session, world: World, at: ConnectionRow, tie: LinkRow, row: CustomerRow, bill: InvoiceRow, number: str
) -> dict[str, str]:
    """Add a run with what it did, drift, a plan, a reset, a letter, an account, a token, a rule."""
    of: dict[str, Any] = {"organisation_id": world.organisation_id, "connection_id": at.id}
    by, own = f"user:{world.users['admin']}", {"organisation_id": world.organisation_id}
    run = RunRow(**of, kind="sync", state="succeeded", counts={}, calls=1, done=1, total=1, requested_at=NOW,
                 started_at=NOW, finished_at=NOW, requested_by=by)  # fmt: skip
    plan = PlanRow(**of, created_by=by, needs=None, calls=1, unchanged=1, actions=1)
    reset = ResetRow(**of, kind="reset", old_counterpart="leave", state="done", requested_by=by, finished_at=NOW)
    mailing = MailingRow(**own, requested_by=by)
    session.add_all([run, plan, reset, mailing])
    session.flush()
    session.add(PlanActionRow(plan_id=world.ids.get("plan", plan.id), position=int(number), entity="customer",
                              record_id=row.id, label=row.name, action="create", stamp="",
                              document={"fields": [], "losses": []}))  # fmt: skip
    session.add(ResetItemRow(**own, reset_id=world.ids.get("reset", reset.id), position=int(number), link_id=tie.id,
                             entity="customer", record_id=row.id, label=row.name, depth=1, closed_at=NOW))  # fmt: skip
    session.add(LetterRow(**own, mailing_id=world.ids.get("mailing", mailing.id), invoice_id=bill.id,
                          number=bill.number, state="sent", to=["a@example.com"], cc=[], why="company email",
                          asked_by=by, way="own", way_why="by our own mail", ended_at=NOW))  # fmt: skip
    session.add(DriftRow(**of, link_id=tie.id, entity="customer", record_id=row.id, label=row.name,
                         field="payment_terms", agreed="net30", ours="net30", theirs="net60"))  # fmt: skip
    freeman = session.get_one(LinkRow, world.ids["link"])
    request = {"method": "POST", "path": "/customer", "content": "{}", "query": [], "key": number}
    call = CallRow(**of, run_id=world.ids["run"], key=number, elements=1, request=request, status=200, answer="{}",
                   sends=1, last_sent_at=NOW, closed_at=NOW)  # fmt: skip
    session.add(call)
    session.flush()
    session.add(IntentRow(**of, link_id=freeman.id, call_id=call.id, position=0, sequence=int(number), generation=1,
                          operation="update", wanted=1, heard=0, expected={"fields": {}, "active": True},
                          baseline={}, state="confirmed", closed_at=NOW))  # fmt: skip
    subject = Subject(kind="customer", id=world.ids["freeman"], label="Freeman Sporting Goods")
    moment = NOW - timedelta(minutes=1)
    add_event(session, **own, at=moment, actor=by, verb="edited", subject=subject, before={}, after={},
              connection_id=at.id, run_id=world.ids["run"], link_id=freeman.id)  # fmt: skip
    address = f"user{number}@freeman.example"
    session.add(User(**own, email=address, email_key=address, password_hash="!", role=Role.VIEWER.value))
    issue_token(session, world.author, name=f"token {number}", role=Role.VIEWER)
    session.add(NotificationRuleRow(**own, channel="email", target=address, moment="daily", created_by=by))
    return {"plan": plan.id, "reset": reset.id, "mailing": mailing.id}
