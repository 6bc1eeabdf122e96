"""The Xero mappers."""
