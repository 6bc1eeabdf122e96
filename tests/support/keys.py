"""The keys of services under test."""

from __future__ import annotations

#: In the form that encryption needs: a pass phrase would be stretched, on purpose slowly, by every service anew.
KEY = "5uZ0tN8xkQ2mV7cR1yL4wE9sB6hD3jG0aP8fT2nK5oI="
KEYS = {"secret_key": "a key that is for tests only", "encryption_keys": KEY}
