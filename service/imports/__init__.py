"""Taking over customers from a list: own columns, or the list that an accounting package exports.

``sheet`` reads a file into rows, ``columns`` tells whose list it is, ``row`` makes one row into a new customer, and
``customers`` adds those that are not there yet.
"""

from __future__ import annotations

from service.imports.columns import all_layouts
from service.imports.customers import Problem, Report, import_customers
from service.imports.sheet import UnreadableFile

__all__ = ["Problem", "Report", "UnreadableFile", "all_layouts", "import_customers"]
