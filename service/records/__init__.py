"""Use cases over the company's own records.

Each takes the session of one unit of writing, the author of the change, and what is to change; in that one transaction
it changes the record, raises its revision, writes the audit trail and makes the change wanted at every package.
"""
