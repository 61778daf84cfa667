"""The model artifact: contract, graph and the hash of its files; written by train, read by everything else."""
