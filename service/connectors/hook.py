"""Posting a document to an address that somebody else chose, and saying what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of a POST."""

    left: bool | None  #: True: taken; False: not taken; None: it may have been
    answer: str  #: a sentence, where it was not taken
    passing: bool = False  #: it may work later by itself


def post(url: str, content: bytes, *, headers: Mapping[str, str], timeout: float) -> Posted:
    """Post once; redirections are not followed, because a signed document is for one address.

    :param timeout: seconds, for the connection and for each wait on the answer.
    """
    try:
        answer = requests.post(url, data=content, headers=dict(headers), timeout=timeout, allow_redirects=False)
    except requests.ConnectTimeout:
        return Posted(left=False, answer="The address did not answer.", passing=True)
    except requests.Timeout:
        return Posted(left=None, answer="The address took too long to answer.")
    except requests.RequestException as error:
        return Posted(left=False, answer=f"The address could not be reached ({type(error).__name__}).", passing=True)
    if not answer.ok or answer.is_redirect:
        told = f"The address answered {answer.status_code}."
        return Posted(left=False, answer=told, passing=not answer.is_redirect)
    return Posted(left=True, answer="")
