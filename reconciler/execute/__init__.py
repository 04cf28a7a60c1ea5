"""One step at a time, crash-safe: observe, judge, record, act, read back."""
