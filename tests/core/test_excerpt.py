"""The part of a request and of its answer that is about one record."""

from __future__ import annotations

import json

from service.core.errors import DETAIL_LIMIT
from service.core.excerpt import of_answer, of_request

BY_PLACE = json.dumps({"Contacts": [{"Name": "Elm"}, {"Name": "Oak"}]})
BY_NUMBER = json.dumps(
    {"Batch": [{"bId": "1", "Customer": {"Name": "Elm"}}, {"bId": "2", "Customer": {"Name": "Oak"}}]}
)


def test_of_a_shared_request_only_the_element_of_the_record_is_told() -> None:
    assert of_request(BY_PLACE, position=1, count=2) == '{"Name": "Oak"}'
    assert of_request(BY_NUMBER, position=0, count=2) == '{"bId": "1", "Customer": {"Name": "Elm"}}'


def test_an_answer_is_found_by_what_it_repeats_and_else_by_its_place() -> None:
    turned = json.dumps({"time": "now", "Batch": [{"bId": "2", "Id": "8"}, {"bId": "1", "Id": "7"}]})
    assert of_answer(turned, asked=BY_NUMBER, position=0, count=2) == '{"bId": "1", "Id": "7"}'
    bare = json.dumps({"Contacts": [{"Id": "7"}, {"Id": "8"}]})
    assert of_answer(bare, asked=BY_PLACE, position=1, count=2) == '{"Id": "8"}'


def test_a_request_of_one_record_is_told_whole() -> None:
    one = json.dumps({"Name": "Elm", "Lines": [1]})
    assert of_request(one, position=0, count=1) == one
    assert of_answer(one, asked=one, position=0, count=1) == one


def test_what_is_no_json_is_told_as_it_stands_and_nothing_as_nothing() -> None:
    assert of_answer("<html>Service unavailable", asked=BY_PLACE, position=1, count=2) == "<html>Service unavailable"
    assert of_answer(None, asked=BY_PLACE, position=1, count=2) is None
    assert of_request(None, position=0, count=1) is None
    assert of_answer('{"Message": "no"}', asked=BY_PLACE, position=1, count=2) == '{"Message": "no"}'


def test_no_secret_is_told_and_no_flood() -> None:
    secret = json.dumps({"access_token": "abcdef", "note": "Bearer abcdefghijklmnopqrst"})
    told = of_request(secret, position=0, count=1)
    assert told is not None
    assert "abcdef" not in told
    assert len(of_answer("x" * 10_000, asked=None, position=0, count=1) or "") == DETAIL_LIMIT
