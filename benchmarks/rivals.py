"""Three ways to tell which labelled pairs of company names are the same: ours, cleaned names, and Splink."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rapidfuzz import fuzz

from service.core.matching import Party, propose

Row = Mapping[str, str]
#: Of each pair: whether it is proposed, and whether it is taken without asking.
Verdicts = Sequence[tuple[bool, bool]]

_SURE = Decimal("0.95")
_ALIKE = 90
_FORMS = re.compile(
    r"\b(ltd|limited|plc|llc|llp|inc|incorporated|corp|co|gmbh|mbh|ag|kg|ohg|ek|sarl|sas|sa|eurl|sl|slu|srl|spa|snc|bv|nv"
    r"|vof|as|aps|is|the)\b"
)


def by_tieout(rows: Sequence[Row]) -> Verdicts:
    """Match all of them at once, as two lists."""
    ours = [Party(id=f"{at:05}", name=row["ours"]) for at, row in enumerate(rows)]
    theirs = [Party(id=f"{at:05}", name=row["theirs"]) for at, row in enumerate(rows)]
    own = {one.ours: one for one in propose(ours, theirs) if one.ours == one.theirs}
    found = [own.get(one.id) for one in ours]
    return [(one is not None, bool(one and not one.ambiguous and one.confidence >= _SURE)) for one in found]


def by_cleaned_names(rows: Sequence[Row]) -> Verdicts:
    """Take two names for the same if their sorted words, cleaned, are alike at ninety per cent."""
    alike = [fuzz.token_sort_ratio(cleaned(row["ours"]), cleaned(row["theirs"])) >= _ALIKE for row in rows]
    return [(one, one) for one in alike]


def by_splink(rows: Sequence[Row]) -> Verdicts:
    """Link the cleaned names with Splink on DuckDB, as its guide to names does; pairs from one half on are proposed."""
    import pandas as pd
    import splink.comparison_library as comparisons
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    database = DuckDBAPI()
    sides = []
    for side in ("ours", "theirs"):
        names = [cleaned(row[side]) for row in rows]
        words = [name.split() or [""] for name in names]
        columns = {
            "unique_id": list(range(len(rows))),
            "name": names,
            "first_word": [one[0] for one in words],
            "last_word": [one[-1] for one in words],
        }
        sides.append(database.register(pd.DataFrame(columns)))
    settings = SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=1 / len(rows),
        comparisons=[
            comparisons.NameComparison("name"),
            comparisons.ExactMatch("first_word").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("first_word"),
            block_on("last_word"),
            block_on("substr(name, 1, 4)"),
        ],
    )
    linker: Any = Linker(sides, settings, log_level=logging.CRITICAL)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_word"))
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    own = {
        int(pair.unique_id_l): float(pair.match_probability)
        for pair in found.itertuples()
        if pair.unique_id_l == pair.unique_id_r
    }
    return [(own.get(at, 0) >= 0.5, own.get(at, 0) >= float(_SURE)) for at in range(len(rows))]  # noqa: PLR2004 - a half


def cleaned(name: str) -> str:
    """Return a name in small plain letters, without stops, ampersands and legal forms."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign))
    words = re.sub(r"[^\w\s]", "", plain.replace("&", " "))
    return " ".join(_FORMS.sub(" ", words).split())
