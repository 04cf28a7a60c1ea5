"""Judges the record of the ledger without trusting those who wrote it: values in, findings out."""
