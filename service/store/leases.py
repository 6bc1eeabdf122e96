"""The right to work alone: taken by compare-and-set, for a limited time, on a connection or on a credential.

A holder names its machine, process and the moment the process began, so that another process of the same machine can
tell at once that a holder has died, instead of waiting for its time to run out.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from sqlalchemy import FromClause, Table, Update, bindparam, or_, select, update
from sqlalchemy.orm import Session

from service.ids import new_id
from service.store.bulk import change
from service.store.sync_models import ConnectionRow, CredentialRow

Leasable = type[ConnectionRow] | type[CredentialRow]


def new_holder() -> str:
    """Return a name for one piece of work of this process."""
    return f"{socket.gethostname()}/{os.getpid()}/{_began(os.getpid())}/{new_id()}"


def take(session: Session, what: Leasable, row_id: str, *, holder: str, now: datetime, span: timedelta) -> bool:
    """Take or extend a lease; tell whether it is held now."""
    if _extend(session, what, row_id, holder=holder, until=now + span):
        return True
    holding = session.scalar(select(what.lease_token).where(what.id == row_id))
    dead = holding if holding is not None and _is_dead(holding) else None
    free = or_(what.lease_token.is_(None), what.lease_until < now)
    if dead is not None:
        free = or_(free, what.lease_token == dead)
    taken = session.execute(
        update(what)
        .where(what.id == row_id, free)
        .values(lease_token=holder, lease_until=now + span)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return bool(taken.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result counts rows


def _extend(session: Session, what: Leasable, row_id: str, *, holder: str, until: datetime) -> bool:
    held = change(session, _EXTEND[what], row_id=row_id, holder=holder, until=until)
    session.expire_all()
    return bool(held)


def _extending(table: FromClause) -> Update:
    of = table.c
    held = of.id == bindparam("row_id"), of.lease_token == bindparam("holder")
    return update(cast("Table", table)).where(*held).values(lease_until=bindparam("until", type_=of.lease_until.type))


_EXTEND = {what: _extending(what.__table__) for what in (ConnectionRow, CredentialRow)}


def release(session: Session, what: Leasable, row_id: str, *, holder: str) -> None:
    """Give a lease back; does nothing if somebody else holds it by now."""
    session.execute(
        update(what)
        .where(what.id == row_id, what.lease_token == holder)
        .values(lease_token=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def _began(pid: int) -> str:
    """Return when a process of this machine began, in the kernel's own count; empty where that can't be known."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def is_dead(holder: str) -> bool:
    """Tell whether a holder's process of this machine has ended; False for one of another machine."""
    return _is_dead(holder)


def _is_dead(holder: str) -> bool:
    host, pid, began, _ = holder.split("/")
    if host != socket.gethostname() or not Path("/proc/self").exists():
        return False
    return _began(int(pid)) != began
