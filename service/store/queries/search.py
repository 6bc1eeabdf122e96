"""Finding a customer by the beginning of any word of its names, its number, an address of mail, or a phone number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from service.core.names import name_key
from service.store.queries.find import chunks
from service.store.records import CustomerRow, SearchWord

#: Characters of a word that count; longer ones would not fit an index entry.
_WORD = 64
_LAST = "\U0010ffff"
_PARTS = re.compile(r"[^\W_]+")
_PHONE = re.compile(r"[+(]?[\d\s()./+-]{5,}")
_GROUP = re.compile(r"\d+")


def words_of(
    texts: Iterable[str | None], *, emails: Iterable[str | None] = (), phones: Iterable[str | None] = ()
) -> frozenset[str]:
    """Return the words under which a record is found.

    Those of texts are what stands between blanks, and its parts between other signs; an address of mail is one word.
    A phone number is found from each of its groups of digits on, however it was written.
    """
    words = {name_key(email) for email in emails if email}
    for phone in phones:
        groups = _GROUP.findall(phone or "")
        words.update("".join(groups[start:]) for start in range(len(groups)))
    for text in texts:
        key = name_key(text or "")
        words.update(key.split(), _PARTS.findall(key))
    return frozenset(word[:_WORD] for word in words)


def write_words(session: Session, organisation_id: str, words: Mapping[str, Iterable[str]]) -> None:
    """Replace the words of customers; ``words`` by customer id."""
    for part in chunks(words):
        session.execute(delete(SearchWord).where(SearchWord.customer_id.in_(part)))
    entries = [
        {"customer_id": customer_id, "word": word, "organisation_id": organisation_id}
        for customer_id, found in words.items()
        for word in sorted(found)
    ]
    if entries:
        session.flush()  # the customers themselves must be there first
        session.execute(insert(SearchWord), entries)


def matches(organisation_id: str, query: str) -> ColumnElement[bool]:
    """Return the condition on a customer: each word of the query begins one of its words; or a phone does."""
    named = and_(True, *(_has_word(organisation_id, word[:_WORD]) for word in name_key(query).split()))
    if _PHONE.fullmatch(query.strip()) is None:
        return named
    digits = "".join(_GROUP.findall(query))
    return or_(named, _has_word(organisation_id, digits[:_WORD])) if digits else named


def _has_word(organisation_id: str, word: str) -> ColumnElement[bool]:
    # Asked from the words' side: looked up customer by customer it takes as long for one hit as for all of them.
    found = select(SearchWord.customer_id).where(
        SearchWord.organisation_id == organisation_id, SearchWord.word >= word, SearchWord.word < word + _LAST
    )
    return CustomerRow.id.in_(found)
