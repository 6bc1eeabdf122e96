"""For whoever runs the service: is the process alive, can it do its work, and what is it doing.

Public, without a token: nothing here names an organisation, a customer or a record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from flask import Blueprint, Flask, Response, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.api.problems import ApiError, problem_response
from service.api.services import Services
from service.core.link import Dot
from service.store import schema
from service.store.queries import gauges

#: Upper bounds of the time that a request takes, in seconds; one that waits for a run may take two minutes.
_BUCKETS = (0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 120)
_UNMATCHED = "(none)"

_Count = Callable[[Session], Mapping[str, int]]
#: Name, meaning, label, query.
_GAUGES: tuple[tuple[str, str, str, _Count], ...] = (
    ("tieout_connections", "Connections by state.", "state", gauges.connections_by_state),
    ("tieout_runs", "Runs by state.", "state", gauges.runs_by_state),
    ("tieout_calls", "Writes to the packages by the status that answered them.", "status", gauges.calls_by_status),
    ("tieout_open_problems", "Questions that wait for a person.", "kind", gauges.open_problems_by_kind),
    ("tieout_links", "Links in force by dot.", "dot", gauges.links_by_dot),
)


class _Books(Collector):
    """What the database tells, asked at the moment of the scrape."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterator[Metric]:
        """Name nothing beforehand, so that registering asks nothing of the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield one family per query; without a database only that it is missing."""
        up = GaugeMetricFamily("tieout_database_up", "1 if the database answers.")
        try:
            families = [*self._families()]
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from families

    def _families(self) -> Iterator[Metric]:
        with self._services.database.read() as session:
            for name, meaning, label, query in _GAUGES:
                family = GaugeMetricFamily(name, meaning, labels=[label])
                known = {dot.value: 0 for dot in Dot} if label == "dot" else {}
                for value, number in (known | dict(query(session))).items():
                    family.add_metric([value], number)
                yield family
            age = GaugeMetricFamily("tieout_heartbeat_age_seconds", "Since a part was last alive.", labels=["part"])
            now = self._services.clock()
            for part, at in gauges.heartbeats(session).items():
                age.add_metric([part], (now - at).total_seconds())
            yield age


def install(app: Flask, services: Services) -> None:
    """Add ``/healthz``, ``/readyz`` and ``/metrics``, and count every request of the application."""
    registry = CollectorRegistry()
    registry.register(_Books(services))
    _count_requests(app, registry)
    pages = Blueprint("operations", __name__)

    @pages.get("/healthz")
    def health() -> Response:
        return jsonify(status="ok")

    @pages.get("/readyz")
    def readiness() -> Response:
        missing = _missing(services)
        return jsonify(status="ok") if missing is None else problem_response(ApiError(503, missing, kind="not_ready"))

    @pages.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    app.register_blueprint(pages)


def _count_requests(app: Flask, registry: CollectorRegistry) -> None:
    answered = Counter("tieout_http_requests", "Requests answered.", ["method", "route", "status"], registry=registry)
    took = Histogram(
        "tieout_http_request_seconds", "What they took.", ["method", "route"], buckets=_BUCKETS, registry=registry
    )

    @app.before_request
    def start() -> None:
        g.tieout_started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        # The pattern of the address, never the address: identifiers would make a series each.
        # A method that nobody knows is as free to choose as an address that nobody knows.
        rule = request.url_rule
        place = ("", _UNMATCHED) if rule is None else (request.method, rule.rule)
        answered.labels(*place, str(response.status_code)).inc()
        took.labels(*place).observe(time.perf_counter() - g.get("tieout_started", time.perf_counter()))
        return response


def _missing(services: Services) -> str | None:
    """Return what keeps the service from its work; None for nothing."""
    try:
        current = schema.revision_of(services.database)
    except SQLAlchemyError:
        return "The database does not answer."
    return None if current == _newest() else "The database has another schema than this version needs."


@lru_cache(maxsize=1)
def _newest() -> str | None:
    return schema.newest()
