"""Named reads and writes of the database, one idea a module; use cases call them and build no statement themselves."""
