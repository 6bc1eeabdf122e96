"""The pages: thin views over the named reads and the use cases, rendered on the server.

A page is a module whose views register themselves on :data:`service.web.pages.pages`; adding one is one line below.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path

from flask import Flask

from service.sync.platform import Platform, Runner
from service.web import error, guard, press, words
from service.web.access import csrf, login
from service.web.attempt import Attempts
from service.web.pages import pages
from service.web.parts import Parts, provide

__all__ = ["register"]

for _page in (
    "account",
    "activity",
    "as_of",
    "callback",
    "company",
    "conflict",
    "conflict_many",
    "conduct",
    "connection",
    "customer",
    "customer_act",
    "customer_form",
    "customer_move",
    "customer_new",
    "dashboard",
    "drift",
    "export",
    "invoice",
    "invoice_act",
    "invoice_form",
    "mapping",
    "letter",
    "link",
    "newcomers",
    "payment",
    "payment_form",
    "people",
    "notifications",
    "plans",
    "reset",
    "run",
    "setting",
    "setup",
    "sign_in",
    "variance",
):
    import_module(f"{__name__}.{_page}")

_STATIC = Path(__file__).parent / "static"
_KEPT_SECONDS = 365 * 86_400


def register(app: Flask, platform: Platform, runner: Runner) -> None:
    """Add every page to an application, with its sessions, its guard against forged forms, and its headers.

    :param runner: who does the runs that people ask for.
    """
    versions = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in _STATIC.iterdir()}
    provide(app, Parts(platform=platform, runner=runner, versions=versions, attempts=Attempts(platform.clock)))
    if not app.secret_key and platform.settings.secret_key is not None:
        app.secret_key = platform.settings.secret_key.get_secret_value()
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _KEPT_SECONDS
    guard.install(app, base_url=platform.settings.base_url)
    press.install(app)
    login.init_app(app)
    csrf.init_app(app)
    words.install(app)
    error.install(app)
    app.register_blueprint(pages)
