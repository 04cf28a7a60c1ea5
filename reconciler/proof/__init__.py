"""Pure and independent of planning: no view that any cache may assemble is bogus."""
