"""Draws plans, status and diagnostics from values alone."""
