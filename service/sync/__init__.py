"""Use cases of the sync: connect, pull, push, settle, plan, match, resolve, reset."""
