"""The verbs every kind of record shares: list, read, create, upsert, update, with errors per element (Xero facts 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request

from sandbox.common.traffic import refused_element
from sandbox.xero.errors import InvalidError, bad_body, not_found, nothing_sent, validation_exception
from sandbox.xero.listing import Asked, Page, select
from sandbox.xero.organisation import NO_ID, Organisation, Record
from sandbox.xero.wire import read_json, rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """In which form a record is shown."""

    full: bool = True  #: with what un-paged lists leave out
    summary: bool = False  #: the light form
    places: int = 2  #: of unit amounts


_LISTS = {"Addresses", "Phones", "ContactPersons", "LineItems", "Tracking"}
_OBJECTS = {"Contact", "Invoice", "CreditNote", "Account", "PaymentTerms", "Sales", "Bills"}

View = Callable[[Organisation, Record, Form], Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of record and how it is kept; a verb left out answers 404."""

    plural: str
    id_field: str
    error_flag: str = "HasValidationErrors"
    records: Callable[[Organisation], Mapping[str, Record]]
    view: View
    chosen: Callable[[Organisation, Asked], Iterable[Record]] | None = None  #: candidates of a list
    find: Callable[[Organisation, str], Record | None] | None = None  #: by another key than the id
    create: Callable[[Organisation, Record, int], Record] | None = None  #: PUT
    upsert: Callable[[Organisation, Record, int], Record] | None = None  #: POST
    update: Callable[[Organisation, Record, Record, int], Record] | None = None  #: POST with an id
    searchable: tuple[str, ...] = field(default=())

    def list(self, org: Organisation) -> Record:
        """Answer a list request."""
        asked = Asked.of(request)
        found = self.chosen(org, asked) if self.chosen else self.records(org).values()
        page: Page = select(found, asked, id_field=self.id_field)
        form = Form(full=asked.paged, summary=asked.summary, places=asked.places)
        return page.payload(self.plural, lambda record: self.view(org, record, form))

    def read(self, org: Organisation, key: str) -> Record:
        """Answer a request for one record.

        :raises XeroError: 404.
        """
        return self._answer(org, [self.one(org, key)])

    def one(self, org: Organisation, key: str) -> Record:
        """Return the record of this id (or other key).

        :raises XeroError: 404.
        """
        found = self.records(org).get(key.lower()) or (self.find(org, key) if self.find else None)
        if found is None:
            raise not_found()
        return found

    def put(self, org: Organisation) -> Record:
        """Create each element.

        :raises XeroError: 404 where nothing can be created, 400 as the batch rules say.
        """
        if self.create is None:
            raise not_found()
        return self._batch(org, self.create)

    def post(self, org: Organisation) -> Record:
        """Update or create each element.

        :raises XeroError: as for ``put``.
        """
        if self.upsert is None:
            raise not_found()
        return self._batch(org, self.upsert)

    def post_one(self, org: Organisation, key: str) -> Record:
        """Update one record; always the 400 form on errors.

        :raises XeroError: 404 or 400.
        """
        if self.update is None:
            raise not_found()
        record = self.one(org, key)
        given = elements(self.plural)[0]
        places = Asked.of(request).places
        try:
            _refuse(0, given)
            saved = self.update(org, record, given, places)
        except InvalidError as invalid:
            raise validation_exception([self._wrong(given, invalid)]) from None
        return self._answer(org, [saved])

    def _batch(self, org: Organisation, save: Callable[[Organisation, Record, int], Record]) -> Record:
        """Save element by element. Without ``summarizeErrors=false`` one bad element makes the whole answer a 400.

        Whether Xero keeps the good elements of such a 400 isn't known; this one does, which is the worse
        for a caller who believes that a 400 wrote nothing.
        """
        asked = Asked.of(request)
        each = asked.args.get("summarizeErrors", "true").lower() == "false"
        shown, wrong = [], []
        for position, given in enumerate(elements(self.plural)):
            try:
                _refuse(position, given)
                before = len(self.records(org))
                saved = save(org, given, asked.places)
                if len(self.records(org)) > before:
                    org.by_app.add(saved[self.id_field])
                record = self.view(org, saved, Form(places=asked.places))
                shown.append({**record, "StatusAttributeString": "OK"} if each else record)
            except InvalidError as invalid:
                wrong.append(self._wrong(given, invalid))
                shown.append({**wrong[-1], self.error_flag: True, "StatusAttributeString": "ERROR"})
        if wrong and not each:
            raise validation_exception(wrong)
        return {self.plural: shown}

    def _answer(self, org: Organisation, records: Iterable[Record]) -> Record:
        form = Form(places=Asked.of(request).places)
        return {self.plural: [self.view(org, record, form) for record in records]}

    def _wrong(self, given: Record, invalid: InvalidError) -> Record:
        messages = [{"Message": message} for message in invalid.messages]
        shown: Record = rendered({self.id_field: NO_ID, **given, "ValidationErrors": messages})
        return shown


def elements(plural: str) -> list[Record]:
    """Read the elements of a write: ``{"Contacts": [..]}``, a bare list, or a single object.

    :raises XeroError: 400 when there are none or the body can't be read.
    """
    try:
        body = read_json(request.get_data())
    except ValueError:
        raise bad_body("JSON for post data was invalid") from None
    found: Any = body.get(plural, [body] if body else []) if isinstance(body, dict) else body
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list) or not all(_well_formed(one) for one in found):
        raise bad_body("JSON for post data was invalid")
    if not found:
        raise nothing_sent(plural)
    return found


def _well_formed(element: Any) -> bool:
    """Whether an element is an object whose nested objects and lists stand where the schema has some."""
    if not isinstance(element, dict):
        return False
    for name, value in element.items():
        if value is None:
            continue
        if name in _LISTS and not (isinstance(value, list) and all(_well_formed(one) for one in value)):
            return False
        if name in _OBJECTS and not _well_formed(value):
            return False
    return True


def _refuse(position: int, given: Record) -> None:
    fault = refused_element(position, rendered(given))
    if fault is not None:
        raise InvalidError(fault.message)
