"""The QuickBooks connector: recorded answers, and real HTTP against the sandbox."""
