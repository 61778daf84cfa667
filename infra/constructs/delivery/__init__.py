"""What a push runs: tests, synth, and a deployment a stage."""
