"""The launch in order: check, synth, deploy, train, approve, roll out, roll back, report."""
