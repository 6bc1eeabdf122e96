"""A problem a person must answer: as data, as an accountant's sentence, as the answers offered.

Every text is built from the data, never stored. ``params`` that sentences and answers read, all optional:

======================  ==============================================================================
``package``             the package as people know it
``name``                our record as people know it: a name, an invoice's number
``entity``              the kind of our record; documents are voided where others are archived
``collides_with``       duplicate_name: ``customer``, ``vendor`` or ``employee``
``inactive``            duplicate_name: whoever holds the name is inactive there
``ours_too``            duplicate_name: another record of ours that has the name there
``suggestion``          duplicate_name, a number that is taken: a free one to offer
``reason``              missing_mapping, rejected, not_allowed_now: a sentence that says what is wrong
``code``, ``field``     what the package's refusal amounts to, and our field that it is about
``sent``                rejected: False if we saw it ourselves and sent nothing
``into``                merged_there: the name of the entity it was merged into
``held_by``             merged_there, deleted_there: another record of ours, which is tied to that entity already
``merges``              deleted_there: True where a merge looks like a deletion until the package tells more
``restores``            archived_there: False where only a person can restore it, in the package itself
``reopened``            archived_there: True if it was archived on both sides and is active here again
``paid``                a document that is gone or voided there: True if something of it is paid here
``exists``              not_allowed_now: True if the record has a counterpart there
``open_from``           a closed period: the first day (ISO 8601) that a document can be dated
``depth``, ``limit``    too_deep: levels of the record, levels the package holds
``heirs``               deleted_there: True if the candidates have its documents there now
``parent``              parent_not_synced, too_deep: the name of the record it hangs below
``state``               parent_not_synced: ``gone`` or ``archived`` if the parent was there once
======================  ==============================================================================
"""

from service.core.problem.answer import options
from service.core.problem.kind import Candidate, Dispute, Option, OptionId, Problem, ProblemKind
from service.core.problem.sentence import field_label, sentence, value_text
from service.core.problem.source import problem_of_error, problem_of_plan
from service.core.problem.storage import from_json, to_json

__all__ = [
    "Candidate",
    "Dispute",
    "Option",
    "OptionId",
    "Problem",
    "ProblemKind",
    "field_label",
    "from_json",
    "options",
    "problem_of_error",
    "problem_of_plan",
    "sentence",
    "to_json",
    "value_text",
]
