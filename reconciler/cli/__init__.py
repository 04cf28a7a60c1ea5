"""The command line: commands of a few lines, and the composition root."""
