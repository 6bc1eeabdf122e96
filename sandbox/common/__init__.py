"""What the sandboxes share: clock, request log, faults, replay, limits, server and control API."""
