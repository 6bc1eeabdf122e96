"""The clock that wakes work up: told the time by a clock that tests move, and ticked by hand."""
