"""The main job, told in order: synth, deploy, train, approve, roll out, roll back, report."""
