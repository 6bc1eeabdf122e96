"""Carrying resets out within a run: before the waves the former counterparts make room, after them they are archived.

Everything is told from rows and from what the package shows, so a run that dies at any moment is taken up by the next
one: a name that was changed is not changed again, and a life that has ended has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.core.errors import MappingError
from service.core.intent import IntentState
from service.core.ports import Family, Ref
from service.store.queries import counterparts, resets
from service.store.reset_models import ResetItemRow
from service.store.sync_models import LinkRow
from service.sync import books, reset_steps
from service.sync.cases import Ground
from service.sync.planner import Case, Decision
from service.sync.push import Outbox
from service.sync.reset_steps import Stage
from service.sync.work import Scope, Work

#: Runs that try to archive a former counterpart before it is left as it is.
_TRIES = 3


class Within(Scope):
    """The records of resets: a run for them touches nothing else, and takes them as they are when their turn comes."""

    def admits(self, case: Case) -> bool:
        """Tell whether a case is among them."""
        return case.ref in self.counters


def before(work: Work, ground: Ground, *, reset_id: str | None) -> bool:
    """Let former counterparts make room and begin the next lives; False if something of it has to wait.

    :param reset_id: the reset that the run was asked for; it then touches the records of resets alone.
    """
    with work.platform.database.read() as session:
        waiting = [one.id for one in resets.under_way(session, work.connection_id, "asked", "releasing")]
    ready = not [one for one in waiting if not _make_room(work, ground, one)]  # every one has its turn
    if reset_id is not None:
        work.scope = _scope(work, ground, {reset_id, *waiting})
    return ready


def after(work: Work, ground: Ground) -> bool:
    """Archive the former counterparts whose successors are there, and close what is done.

    Returns whether the package was looked at meanwhile, so that there may be news to compare.
    """
    looked = False
    if work.doubt:
        return looked
    with work.platform.database.read() as session:
        swapped = [one.id for one in resets.under_way(session, work.connection_id, "swapped")]
    for reset_id in swapped:
        for depth in _depths(work, reset_id):
            if work.doubt:
                return looked
            looked |= _archive(work, ground, reset_id, depth)
        _close(work, ground, reset_id)
    return looked


def _make_room(work: Work, ground: Ground, reset_id: str) -> bool:
    """Take one reset as far as the moment at which the next lives begin; True once it is beyond it or refused."""
    names = work.names()
    with work.platform.database.write() as session:
        on = reset_steps.stage(session, ground, reset_id, now=work.platform.clock())
        on.reset.run_id = work.run_id
        if (why := _lost(on)) is not None:
            reset_steps.refuse(on, why)
            return True
        if any(on.link(item).intent_open for item in on.items):
            work.stale = True
            return False
        if on.reset.state == "asked":
            reset_steps.prepare(on)
        decisions = reset_steps.releases(on, names)
        work.labels.update({decision.case.link_id: decision.case.label for decision in decisions})
    _send(work, ground, decisions)
    return not work.doubt and _swap(work, ground, reset_id)


def _swap(work: Work, ground: Ground, reset_id: str) -> bool:
    """Begin the next lives if every former counterpart has made room; False if one has not yet."""
    names = work.names()
    with work.platform.database.write() as session:
        on = reset_steps.stage(session, ground, reset_id, now=work.platform.clock())
        if (why := _lost(on)) is not None:
            reset_steps.refuse(on, why)
            return True
        left = reset_steps.releases(on, names)
        refused = [decision for decision in left if _refusal(on, decision.case.link_id) is not None]
        if refused:
            why = _refusal(on, refused[0].case.link_id)
            reset_steps.refuse(on, f"'{refused[0].case.label}' could not make room, so nothing was reset: {why}")
            work.counts["failed"] += 0 if why is None else 1
            return True
        if left:
            work.stale = True
            return False
        reset_steps.swap(on)
        return True


def _lost(on: Stage) -> str | None:
    """Return why a reset can't go on: somebody ended one of its links meanwhile."""
    for item in on.items:
        if on.link(item).retired_at is not None:
            return f"'{item.label}' was tied anew or unlinked meanwhile, so nothing was reset."
    return None


def _refusal(on: Stage, link_id: str) -> str | None:
    """Return what the package said to the last write for a link since the reset was asked for, if that was no."""
    last = resets.last_intent(on.session, link_id)
    if last is None or last.created_at < on.reset.requested_at or last.state != IntentState.REJECTED:
        return None
    return str((last.outcome or {}).get("message") or "the package refused the change.")


def _send(work: Work, ground: Ground, decisions: Iterable[Decision]) -> None:
    outbox = Outbox(work, ground)
    for decision in decisions:
        outbox.put(decision)
    outbox.flush()


def _depths(work: Work, reset_id: str) -> Sequence[int]:
    """Return the levels of a reset's records, deepest first: a parent goes after what hangs below it."""
    with work.platform.database.read() as session:
        return sorted({item.depth for item in resets.items(session, reset_id)}, reverse=True)


def _archive(work: Work, ground: Ground, reset_id: str, depth: int) -> bool:
    """Archive the former counterparts of one level, as far as nothing hangs on them; True if it took a look there."""
    decisions = _archivings(work, ground, reset_id, depth, looked=False)
    looked = decisions is None
    if decisions is None:
        books.read_feed(work, only=frozenset({Family.CUSTOMER}))  # the balances after documents have moved
        decisions = _archivings(work, ground, reset_id, depth, looked=True) or []
    _send(work, ground, decisions)
    with work.platform.database.write() as session:
        on = reset_steps.stage(session, ground, reset_id, now=work.platform.clock())
        for item in reset_steps.to_archive(on):
            if item.depth == depth and not on.link(item).intent_open:
                _note(on, item)
    return looked


def _archivings(work: Work, ground: Ground, reset_id: str, depth: int, *, looked: bool) -> list[Decision] | None:
    """Return what is to be archived on a level; None if the package has to be looked at again first."""
    names = work.names()
    decisions = []
    with work.platform.database.write() as session:
        on = reset_steps.stage(session, ground, reset_id, now=work.platform.clock())
        for item in reset_steps.to_archive(on):
            if item.depth != depth or not _has_successor(on, item) or on.link(item).intent_open:
                continue
            if (why := reset_steps.what_hangs(on, item) or _given_up(on, item)) is not None:
                item.outcome, item.settled_at = why, on.now
                continue
            try:
                decision = reset_steps.retirement(on, item, names)
            except MappingError as error:
                if not looked:
                    return None
                item.outcome, item.settled_at = f"'{item.released_name}' stays active: {error.reason}", on.now
                continue
            if decision is None:
                item.settled_at = on.now
            else:
                decisions.append(decision)
                work.labels[decision.case.link_id] = item.label
    return decisions


def _note(on: Stage, item: ResetItemRow) -> None:
    """Write down what became of an archiving that was sent."""
    link = on.link(item)
    known = counterparts.by_remote_ids(on.session, on.connection.id, Family(link.family), [link.remote_id or ""])
    there = known.get(link.remote_id or "")
    last = resets.last_intent(on.session, link.id)
    if there is not None and not there.active:
        item.settled_at = on.now
        return
    since = on.reset.swapped_at or on.now
    if last is not None and last.created_at >= since and last.state == IntentState.REJECTED:
        said = (last.outcome or {}).get("message") or "the package refused it."
        item.outcome = f"'{item.released_name}' stays active: {said}"
        item.settled_at = on.now


def _has_successor(on: Stage, item: ResetItemRow) -> bool:
    """Tell whether the record is there in its next life: until then the former one is all that there is."""
    fresh = on.session.get_one(LinkRow, item.new_link_id)
    return fresh.retired_at is not None or (fresh.remote_id is not None and not fresh.intent_open)


def _given_up(on: Stage, item: ResetItemRow) -> str | None:
    since = on.reset.swapped_at
    if since is None or resets.count_tries(on.session, item.link_id, since=since) < _TRIES:
        return None
    return f"'{item.released_name}' may still be active: it could not be told whether archiving it worked."


def _close(work: Work, ground: Ground, reset_id: str) -> None:
    with work.platform.database.write() as session:
        on = reset_steps.stage(session, ground, reset_id, now=work.platform.clock())
        if not reset_steps.to_archive(on):
            reset_steps.finish(on)


def _scope(work: Work, ground: Ground, reset_ids: Iterable[str]) -> Within:
    """Return the records of resets that are beyond the swap, and of none else."""
    refs: set[Ref] = set()
    with work.platform.database.read() as session:
        for reset_id in reset_ids:
            on = reset_steps.stage(session, ground, reset_id, now=work.platform.clock())
            if on.reset.swapped_at is not None:
                refs |= reset_steps.touched(on)
    return Within(dict.fromkeys(refs, (0, 0)))
