"""What the package tells by itself: events of changes there, which come late, twice, out of order or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from sandbox.quickbooks import webhooks as quickbooks
from sandbox.xero import webhooks as xero
from service.sync import inbox
from tests.machine.law import need
from tests.machine.lives import Lives
from tests.machine.story import act
from tests.machine.world import World

#: How the post may come.
WAYS = ("in order", "twice", "the other way round", "in part", "not at all")


class Post(Lives):
    """The chapter of webhooks."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        super().__init__()
        self.told = told_so_far(self.world)

    @rule(way=st.sampled_from(WAYS))
    @act
    def the_package_tells_what_has_changed(self, way: str) -> None:
        waiting = untold(self.world, self.told)
        self.told += len(waiting)
        come: Sequence[Any] = {
            "in order": waiting,
            "twice": [*waiting, *waiting],
            "the other way round": waiting[::-1],
            "in part": waiting[::2],
            "not at all": [],
        }[way]
        self.tell(f"The package tells of {len(waiting)} changes, {way}.")
        platform = self.world.office.platform
        for event in come:
            raw, headers = posted(self.world, event)
            inbox.receive(platform, self.provider, raw, headers)
        if self._is_due():
            self.tell("    that is a reason to sync")
            run = self.run()
            if run is not None and run.state == "succeeded":
                need(not self._is_due(), "webhooks", "what was told is still a reason to sync after a sync")

    def _is_due(self) -> bool:
        return any(one == self.world.connection_id for one, _ in inbox.due(self.world.office.platform))


def told_so_far(world: World) -> int:
    """Return how many changes there were at the package since the process began."""
    sandbox: Any = world.package.sandbox
    if world.name == "xero":
        while not sandbox.webhooks._waiting.empty():
            sandbox.webhooks._waiting.get()
        return 0
    return len(sandbox.events)


def untold(world: World, told: int) -> list[Any]:
    """Return the changes of which nothing was told yet, oldest first."""
    sandbox: Any = world.package.sandbox
    if world.name == "xero":
        found = []
        while not sandbox.webhooks._waiting.empty():
            found.append(sandbox.webhooks._waiting.get())
        return found
    return list(sandbox.events[told:])


def posted(world: World, event: Any) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers by which a change is told."""
    sandbox: Any = world.package.sandbox
    if world.name == "xero":
        body: Any = {"events": [xero._event(event)], "firstEventSequence": 1, "lastEventSequence": 1}
        raw = json.dumps(body).encode()
        return raw, {"x-xero-signature": xero.signature(raw, sandbox.webhooks.key)}
    raw = json.dumps(quickbooks.cloud_events([event] if event.kind in quickbooks.TOLD else [])).encode()
    return raw, {"intuit-signature": quickbooks.signature(raw, sandbox.options.webhook_verifier)}
