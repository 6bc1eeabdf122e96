"""The HTTP API: a thin edge over the use cases.

A group of routes is a module with an ``api`` made by :func:`service.api.routes.routes`; adding one is one line in
``GROUPS``, or an entry in ``more`` of :func:`register`.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask_openapi3.blueprint import APIBlueprint

from service.api import company, contacts, customers, events, invoices, operations, payments, problems, tax_levels
from service.api.openapi import Api, docs
from service.api.services import Services, provide

GROUPS: tuple[APIBlueprint, ...] = (
    customers.api,
    contacts.api,
    tax_levels.api,
    company.api,
    invoices.api,
    payments.api,
    events.api,
)


def register(app: Api, services: Services, *, more: Sequence[APIBlueprint] = ()) -> None:
    """Add every route of the API, its description and its error documents to an application, and what operators ask."""
    provide(app.extensions, services)
    problems.install(app)
    for group in (*GROUPS, *more):
        app.register_api(group)
    app.register_blueprint(docs(app))
    operations.install(app, services)
