"""Use cases: they join the pure core with the edge and the providers."""
