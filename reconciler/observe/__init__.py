"""DNS as every authoritative server really serves it."""
