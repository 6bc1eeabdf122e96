"""Pure translation between our records and a package's bodies: one folder per provider, and a connection's choices."""
