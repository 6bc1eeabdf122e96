"""Choosing one customer out of many on a page: a search that works without scripts."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request
from sqlalchemy.orm import Session

from service.store.queries import lists
from service.store.records import CustomerRow
from service.web.access import person

_MOST = 20
_LONGEST = 200


def searched() -> str:
    """Return what is searched for."""
    return " ".join(request.args.get("q", "").replace("\x00", "").split())[:_LONGEST]


def matching(session: Session, words: str) -> Sequence[CustomerRow]:
    """Return the first active customers and jobs that words find; the first ones by name for no words."""
    return lists.customer_page(
        session,
        person().company.id,
        lists.CustomerFilter(q=words or None),
        sort=() if words else ("name",),
        tree=False,
        limit=_MOST,
        cursor=None,
    ).items
