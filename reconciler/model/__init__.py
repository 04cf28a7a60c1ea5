"""Frozen values of the domain: no I/O, no clock, no parsing.

Seconds are integers, instants are aware UTC datetimes, zone names are absolute, lower case and end
in a dot. A key is named by a label that is unique within one document; `keys` maps labels to keys.
"""
