"""The only code that touches the database: tables, named queries, leases, the vault, and the only commits."""
