"""The state machine that brings an approved package live, or puts everything back."""
