"""The composition root: settings in, a running service out. The only place that knows every part."""

from __future__ import annotations

from service import api, web
from service.api.openapi import Api
from service.api.services import Services
from service.api.sync_groups import SYNC_GROUPS
from service.api.webhooks import webhooks
from service.store.sync_models import ConnectionRow, LinkRow
from service.sync.addresses import remote_url
from service.sync.platform import Platform, Runner


def create_app(platform: Platform, runner: Runner) -> Api:
    """Return the web application: pages, API, webhooks, health.

    :param runner: who does the runs that requests ask for.
    """
    app = Api("service", static_folder=None, template_folder=None)
    settings = platform.settings
    assert settings.secret_key is not None  # noqa: S101  (loading the settings made one or refused to start)
    app.config.update(SECRET_KEY=settings.secret_key.get_secret_value(), MAX_CONTENT_LENGTH=1_000_000)

    def address(connection: ConnectionRow, link: LinkRow) -> str | None:
        return remote_url(platform, connection, link)

    provided = Services(
        database=platform.database, clock=platform.clock, remote_url=address, platform=platform, runner=runner
    )
    api.register(app, provided, more=SYNC_GROUPS)
    web.register(app, platform, runner)
    app.register_blueprint(webhooks)
    return app
