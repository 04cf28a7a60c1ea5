"""Pure: risk requirements, evidence of approval, freeze windows, verdicts."""
