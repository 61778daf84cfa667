"""A candidate beside baseline and champion: metrics, the gate, pictures."""
