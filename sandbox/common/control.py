"""The control API under ``/_sandbox/``: how tests and people steer a sandbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.common.faults import FaultRule
from sandbox.common.sandbox import ActionError, Sandbox


def control_blueprint(sandbox: Sandbox) -> Blueprint:
    """Routes that show and change one sandbox; see sandbox/README.md for their bodies."""
    control = Blueprint("control", __name__, url_prefix="/_sandbox")
    _add_faults(control, sandbox)
    _add_views(control, sandbox)

    @control.errorhandler(ValueError)
    @control.errorhandler(ActionError)
    def refuse(wrong: Exception) -> tuple[Response, int]:
        return jsonify(error=str(wrong)), 400

    @control.post("/clock")
    def move_clock() -> Response:
        asked = _body()
        if asked.get("real"):
            sandbox.clock.run()
        if "at" in asked:
            sandbox.clock.set(_moment(asked["at"]))
        if "advance" in asked:
            sandbox.clock.advance(float(asked["advance"]))
        if asked.get("freeze"):
            sandbox.clock.freeze()
        return _clock(sandbox)

    @control.post("/consent")
    def consent() -> Response:
        sandbox.auto_consent = bool(_body().get("auto"))
        return jsonify(auto=sandbox.auto_consent)

    @control.post("/bookkeeper")
    def act() -> Response:
        asked = _body()
        action = str(asked.pop("action", ""))
        return jsonify(result=sandbox.act(action, asked))

    @control.post("/reset")
    def reset() -> Response:
        sandbox.faults.clear()
        sandbox.clock.run()
        with sandbox.lock:
            sandbox.reset()
        sandbox.log.clear()
        return jsonify(reset=True)

    return control


def _add_faults(control: Blueprint, sandbox: Sandbox) -> None:
    @control.get("/faults")
    def list_faults() -> Response:
        return jsonify(faults=sandbox.faults.as_json())

    @control.post("/faults")
    def add_faults() -> tuple[Response, int]:
        asked = request.get_json()
        rules = [FaultRule.from_json(one) for one in (asked if isinstance(asked, list) else [asked])]
        return jsonify(ids=[sandbox.faults.add(rule) for rule in rules]), 201

    @control.delete("/faults")
    def lift_faults() -> Response:
        sandbox.faults.clear()
        return jsonify(faults=[])


def _add_views(control: Blueprint, sandbox: Sandbox) -> None:
    @control.get("/log")
    def show_log() -> Response:
        return jsonify(sandbox.log.as_json(since=int(request.args.get("since", "0"))))

    @control.delete("/log")
    def clear_log() -> Response:
        sandbox.log.clear()
        return jsonify(sandbox.log.as_json())

    @control.get("/clock")
    def show_clock() -> Response:
        return _clock(sandbox)

    @control.get("/books")
    def show_books() -> Response:
        with sandbox.lock:
            return jsonify(sandbox.dump())

    @control.get("/state")
    def show_state() -> Response:
        with sandbox.lock:
            return jsonify(name=sandbox.name, now=sandbox.clock().isoformat(), **sandbox.state())


def _body() -> dict[str, Any]:
    asked = request.get_json()
    if not isinstance(asked, dict):
        raise ActionError("send a JSON object")
    return dict(asked)


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset, e.g. 2026-11-22T01:00:00Z")
    return moment


def _clock(sandbox: Sandbox) -> Response:
    return jsonify(now=sandbox.clock().isoformat(), frozen=sandbox.clock.frozen)
