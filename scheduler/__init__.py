"""When things run: the clock that wakes work up, and the pool that does it."""
