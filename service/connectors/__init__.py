"""The only code on the wire: one folder per provider, and what their sign-in shares."""
