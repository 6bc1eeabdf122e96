"""Tests of the stand-in QuickBooks."""
