"""What the tests need from the machine: a PostgreSQL server of their own, a browser, a free port."""
