"""The sync's use cases on a real database, against the stand-in packages over real HTTP."""
