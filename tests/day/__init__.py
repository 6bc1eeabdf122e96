"""A day in the life of a service with many connections, in minutes: several processes share a database and a clock."""
