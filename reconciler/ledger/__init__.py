"""The append-only record on a git branch."""
