"""QuickBooks bodies and our snapshots, both ways."""
