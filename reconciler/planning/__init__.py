"""Pure: the shortest safe path from what is published to what is desired."""
