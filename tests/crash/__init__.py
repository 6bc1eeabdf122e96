"""The crash matrix: every write of the sync, struck at each of its steps by everything that can go wrong."""
