"""A rollout as data: the plan of a DeploymentConfig, its alarms, pauses and audit entries."""
