"""Keys of earlier versions and their names today, by which an old file is refused."""

RENAMED = {
    "data.seed": "data.split.seed",
    "data.test_percent": "data.split.test_percent",
    "data.unwatched": "data.exclude_from_drift",
    "data.validation_percent": "data.split.validation_percent",
    "endpoint.hours": "endpoint.schedule",
    "gate.accuracy_aim": "gate.accuracy_target",
    "gate.min_gain_over_baseline": "gate.max_loss_to_reference",
    "monitoring.max_input_shift": "monitoring.max_input_drift",
    "monitoring.max_prediction_shift": "monitoring.max_prediction_drift",
    "rollout.judge": "rollout.canary_analysis",
    "rollout.max_input_shift": "rollout.max_input_drift",
    "rollout.max_prediction_shift": "rollout.max_prediction_drift",
    "rollout.replay.max_mean_shift": "rollout.replay.max_mean_difference",
    "rollout.replay.max_score_shift": "rollout.replay.max_score_psi",
    "rollout.replay.max_segment_shift": "rollout.replay.max_segment_difference",
}
