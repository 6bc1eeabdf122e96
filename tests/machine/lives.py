"""What people do to the ties themselves: a record is sent anew, tied to its former counterpart again, or let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from service.core.ports import EntityKind, Ref
from service.core.reset import OldCounterpart
from service.store.queries import links
from service.store.sync_models import LinkRow
from service.sync import reset
from service.sync.connect import WrongState
from service.sync.reset import ResetRefused
from tests.machine.law import need
from tests.machine.story import WHICH, act
from tests.machine.trouble import Trouble


class Lives(Trouble):
    """The chapter of resets."""

    @precondition(lambda self: self.customers)
    @rule(which=WHICH, old=st.sampled_from(OldCounterpart), with_jobs=st.booleans(), at_once=st.booleans())
    @act
    def we_reset_a_customer(self, which: int, old: OldCounterpart, with_jobs: bool, at_once: bool) -> None:
        customer = self.pick(self.customers, which)
        given = {"old_counterpart": old, "with_jobs": with_jobs}
        told = f"We reset {self.label(customer)}{' with its jobs' if with_jobs else ''}; the former one: {old}."
        if self._tied_anew(customer, told, reset.plan_reset, reset.reset_link, given) and at_once:
            self.run()

    @precondition(lambda self: self.customers)
    @rule(which=WHICH, new=st.none() | st.sampled_from(OldCounterpart), at_once=st.booleans())
    @act
    def we_undo_a_reset(self, which: int, new: OldCounterpart | None, at_once: bool) -> None:
        customer = self.pick(self.customers, which)
        told = f"We undo the reset of {self.label(customer)}; the present one: {new or 'as it comes'}."
        given = {"new_counterpart": new}
        if self._tied_anew(customer, told, reset.plan_undo, reset.undo_reset, given) and at_once:
            self.run()

    @precondition(lambda self: self.customers)
    @rule(which=WHICH)
    @act
    def we_unlink_a_customer(self, which: int) -> None:
        customer = self.pick(self.customers, which)
        told = f"We unlink {self.label(customer)}."
        if (link := self._link(customer, told)) is not None:
            self._try(told, lambda: reset.unlink(**self._where(link), actor="user:ann"))

    def _tied_anew(
        self,
        customer: str,
        told: str,
        plan: Callable[..., Any],
        do: Callable[..., Any],
        given: dict[str, Any],
    ) -> bool:
        """Look at what would be done, which sends nothing, and ask for it; return whether it was taken."""
        if (link := self._link(customer, told)) is None:
            return False
        sandbox = self.world.package.sandbox
        before = len(sandbox.log._seen)
        if not self._try(told, lambda: plan(**self._where(link), **given)):
            return False
        need(len(sandbox.log._seen) == before, "silence", "a dry run makes calls")
        self.world.stirred = self.a_person_chose = True
        return self._try("    that is what we want", lambda: do(**self._where(link), **given, actor="user:ann"))

    def _link(self, customer: str, told: str) -> LinkRow | None:
        world = self.world
        with world.office.platform.database.read() as session:
            link = links.of_record(session, world.connection_id, Ref(kind=EntityKind.CUSTOMER, id=customer))
            session.expunge_all()
        if link is None:
            self.tell(f"{told} - which is tied to nothing")
        return link

    def _where(self, link: LinkRow) -> dict[str, Any]:
        office = self.world.office
        return {"platform": office.platform, "organisation_id": office.organisation_id, "link_id": link.id}

    def _try(self, told: str, do: Callable[[], Any]) -> bool:
        try:
            do()
        except (ResetRefused, WrongState) as refusal:
            self.tell(f"{told} - which is refused: {refusal}")
            return False
        self.tell(told)
        return True
