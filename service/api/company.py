"""The company's own settings, and the people who sign in, over HTTP."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field, StrictBool
from sqlalchemy.orm import Session

from service.api.access import caller
from service.api.problems import ApiError
from service.api.routes import IdPath, routes
from service.api.units import reads, writes
from service.records import users
from service.records.author import Author
from service.records.company import CompanyChanges, change_company
from service.records.fields import Email
from service.records.inputs import Input
from service.store.accounts import Organisation, Role, User
from service.store.queries import web_users
from service.store.queries.find import find, find_organisation

api = routes("Company", about="The company's own settings, and the people who sign in.")


class OrganisationOut(BaseModel):
    """The company whose books these are."""

    id: str
    name: str
    currency: str
    country: str | None
    timezone: str
    locale: str
    tax_level_id: str | None
    created_at: datetime


class UserOut(BaseModel):
    """Somebody who may sign in."""

    id: str
    email: str
    role: Role
    active: bool
    created_at: datetime
    last_sign_in_at: datetime | None


class UserList(BaseModel):
    """Everybody of the company."""

    items: list[UserOut]


class UserInput(Input):
    """A new account."""

    email: Email
    password: str = Field(min_length=users.LEAST_CHARACTERS, max_length=1000)
    role: Role = Role.VIEWER


class UserChanges(Input):
    """Changes of an account; a new password or closing it ends its sessions."""

    role: Role | None = None
    active: StrictBool | None = None
    password: str | None = Field(None, min_length=users.LEAST_CHARACTERS, max_length=1000)


@api.get("/company", responses={200: OrganisationOut})
@reads(Role.VIEWER)
def get_company(session: Session) -> OrganisationOut:
    """Read the company's settings."""
    return _company(find_organisation(session, caller().organisation_id))


@api.patch("/company", responses={200: OrganisationOut})
@writes(Role.ADMIN)
def patch_company(session: Session, author: Author, body: CompanyChanges) -> OrganisationOut:
    """Change the company's settings; records that exist keep their currency."""
    return _company(change_company(session, author, body))


@api.get("/users", responses={200: UserList})
@reads(Role.ADMIN)
def list_users(session: Session) -> UserList:
    """List the people who may sign in, by address."""
    return UserList(items=[_user(row) for row in web_users.users_of(session, caller().organisation_id)])


@api.post("/users", responses={201: UserOut})
@writes(Role.ADMIN)
def create_user(session: Session, author: Author, body: UserInput) -> tuple[UserOut, int]:
    """Add somebody who may sign in."""
    row = users.create_user(session, author, email=body.email, password=body.password, role=body.role)
    return _user(row), 201


@api.patch("/users/<id>", responses={200: UserOut})
@writes(Role.ADMIN)
def change_user(session: Session, author: Author, path: IdPath, body: UserChanges) -> UserOut:
    """Change somebody's role or password, or close and open their account."""
    row = find(session, User, caller().organisation_id, path.id)
    if row is None:
        raise ApiError(404, "There is no such user.")
    if body.role is not None:
        row = users.set_role(session, author, row.id, body.role)
    if body.active is not None:
        row = users.set_active(session, author, row.id, active=body.active)
    if body.password is not None:
        row = users.set_password(session, author, row.id, body.password)
    return _user(row)


def _company(row: Organisation) -> OrganisationOut:
    return OrganisationOut.model_validate(row, from_attributes=True)


def _user(row: User) -> UserOut:
    return UserOut.model_validate(row, from_attributes=True)
