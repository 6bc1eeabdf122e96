"""Reading a question, and taking one of its answers."""

from __future__ import annotations

from typing import Any

from service.core.problem import OptionId, from_json, options, sentence
from service.store.queries import links
from service.store.sync_models import ProblemRow
from service.sync.effect import effects, view_of
from service.sync.story import story_of
from tests.sync.office import Office


def recommended(office: Office, asked: ProblemRow | None = None, **chosen: Any) -> OptionId:
    """Take the recommended answer to a question, the only one unless given."""
    row = asked or office.problem()
    first = options(from_json(row.document))[0].id
    office.answer(first, row, **chosen)
    return first


def said(office: Office, asked: ProblemRow | None = None) -> str:
    """Return the sentence of a question, the only one unless given."""
    return sentence(from_json((asked or office.problem()).document))


def changes(office: Office, option: OptionId) -> list[tuple[str, str, Any, Any]]:
    """Return what an answer to the only question would change: side, field, from, to."""
    with office.platform.database.read() as session:
        found = effects(view_of(office.platform, session, office.problem())).options[option]
    return [(one.side, one.field, one.before, one.after) for one in found]


def told(office: Office, problem_id: str) -> Any:
    """Return how a question was settled."""
    with office.platform.database.read() as session:
        row = session.get_one(ProblemRow, problem_id)
        return story_of(office.platform, session, row, links.get(session, office.organisation_id, row.link_id))


def is_xero(office: Office) -> bool:
    """Tell whether the package is the one that names the survivor of a merge itself."""
    return not office.platform.provider(office.package.sandbox.name).capabilities.merges_look_deleted
