"""The only place where files become values and back: YAML, plan files, entries, schemas."""
