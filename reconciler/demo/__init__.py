"""The whole story on the embedded world: every change by plan, approval and apply, under judges."""
