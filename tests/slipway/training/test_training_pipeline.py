import json
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.settings import parse_settings
from slipway.settings.names import COST_TAG
from slipway.training import to_json
from slipway.training.processing_step import ProcessingStep

ORDER = ["Prepare", "Reference", "Tune", "Evaluate", "Gate"]


def gets(node):
    """The steps that `node` takes values from."""
    if isinstance(node, dict):
        if str(node.get("Get", "")).startswith("Steps."):
            yield node["Get"].split(".")[1]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from gets(item)


def test_the_steps_are_those_of_the_design_in_an_order_that_runs(definition, steps):
    assert [step["Name"] for step in definition["Steps"]] == ORDER
    assert [step["Name"] for step in steps["Gate"]["Arguments"]["IfSteps"]] == ["Register"]
    assert [step["Name"] for step in steps["Gate"]["Arguments"]["ElseSteps"]] == ["Refuse"]
    assert definition["Version"] == "2020-12-01"


def test_baseline_and_tune_run_side_by_side_after_prepare(steps):
    assert set(gets(steps["Reference"])) == {"Prepare"}
    assert set(gets(steps["Tune"])) == {"Prepare"}
    assert set(gets(steps["Evaluate"])) == {"Prepare", "Reference", "Tune"}


def test_the_reference_has_the_family_that_the_search_fixes(compose):
    counts = {"problem": "regression", "data": {"target": "sold", "columns": {"price": "number"}}, "name": "c"}
    for tuning, family in (
        ({}, None),
        ({"algorithms": ["linear", "mlp"], "linear": {"fixed": {"family": "poisson", "l1_ratio": "0.5"}}}, "poisson"),
        ({"algorithms": ["xgboost"], "fixed": {"family": "poisson"}}, "poisson"),
    ):
        steps = compose(parse_settings(counts | {"stage": "dev", "tuning": tuning}, source="c"))["Steps"]
        (given,) = [step["Arguments"]["HyperParameters"] for step in steps if step["Name"] == "Reference"]
        assert (given["algorithm"], given.get("family"), "l1_ratio" in given) == ("linear", family, False)


def test_every_parameter_but_the_datas_fingerprint_has_a_default_and_all_are_used(definition):
    """A start without the fingerprint must not find yesterday's data in the step cache."""
    declared = {parameter["Name"]: parameter.get("DefaultValue") for parameter in definition["Parameters"]}
    assert declared == {
        "InputDataUri": "s3://artifacts/data/",
        "DataFingerprint": None,
        "GateThreshold": 0.88,
        "ModelApprovalStatus": "PendingManualApproval",
        "SourceCommit": "unknown",
    }
    text = to_json(definition)
    assert all(f'"Parameters.{name}"' in text for name in declared)


def test_no_one_but_a_human_approves_by_default(definition, steps):
    assert steps["Register"]["Arguments"]["ModelApprovalStatus"] == {"Get": "Parameters.ModelApprovalStatus"}
    (status,) = [given for given in definition["Parameters"] if given["Name"] == "ModelApprovalStatus"]
    assert status["EnumValues"] == ["PendingManualApproval", "Approved", "Rejected"]


def test_the_gate_holds_every_condition_of_the_settings(steps):
    conditions = steps["Gate"]["Arguments"]["Conditions"]
    assert [
        (condition["LeftValue"]["Std:JsonGet"]["Path"], condition["Type"], condition["RightValue"])
        for condition in conditions
    ] == [
        ("gate.metric_bound", "GreaterThanOrEqualTo", {"Get": "Parameters.GateThreshold"}),
        ("gate.gain_over_naive_low", "GreaterThan", 0.0),
        ("gate.loss_to_reference_low", "LessThanOrEqualTo", 0.0),
        ("gate.loss_to_champion_low", "LessThanOrEqualTo", 0.005),
        ("gate.gap", "LessThanOrEqualTo", 0.08),
    ]


def test_the_gate_compares_values_where_the_decision_serves_them(compose, document):
    def compared(**decision):
        definition = compose(parse_settings(document | {"decision": decision}, source="c"))
        return [each["LeftValue"]["Std:JsonGet"]["Path"] for each in definition["Steps"][-1]["Arguments"]["Conditions"]]

    assert "gate.value_loss_to_champion_low" in compared()
    assert "gate.value_loss_to_champion_low" in compared(maximise="value")
    assert "gate.value_loss_to_champion_low" not in compared(maximise="accuracy")


def test_a_gate_without_settings_compares_with_the_other_models_and_has_no_threshold(compose, document):
    del document["gate"], document["value"]
    definition = compose(parse_settings(document, source="c"))
    conditions = definition["Steps"][-1]["Arguments"]["Conditions"]
    assert [condition["LeftValue"]["Std:JsonGet"]["Path"] for condition in conditions] == [
        "gate.gain_over_naive_low",
        "gate.loss_to_reference_low",
        "gate.loss_to_champion_low",
    ]
    assert "GateThreshold" not in to_json(definition)
    assert "gate_threshold" not in to_json(definition)


def test_a_threshold_of_a_metric_that_should_be_low_is_the_most_it_may_be(compose, document):
    document["gate"] |= {"metric": "log_loss", "threshold": 0.7}
    first = compose(parse_settings(document, source="c"))["Steps"][-1]["Arguments"]["Conditions"][0]
    assert (first["LeftValue"]["Std:JsonGet"]["Path"], first["Type"]) == ("gate.metric_bound", "LessThanOrEqualTo")


def test_the_evaluation_is_reported_the_threshold_the_gate_applies(steps):
    arguments = steps["Evaluate"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert {"Std:Join": {"On": "", "Values": ["--threshold=", {"Get": "Parameters.GateThreshold"}]}} in arguments


def test_a_refusal_reports_the_reasons_of_the_evaluation(steps):
    message = steps["Refuse"]["Arguments"]["ErrorMessage"]["Std:Join"]["Values"]
    assert message[0] == "the gate refused the candidate: "
    assert message[1]["Std:JsonGet"]["Path"] == "gate.reasons"


def test_the_model_that_evaluate_chose_is_the_model_that_is_registered(steps):
    given = {given["InputName"]: given["S3Input"] for given in steps["Evaluate"]["Arguments"]["ProcessingInputs"]}
    assert {"candidate", "baseline"} <= given.keys()
    outputs = steps["Evaluate"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    assert [output["OutputName"] for output in outputs] == ["evaluation", "model"]
    (container,) = steps["Register"]["Arguments"]["InferenceSpecification"]["Containers"]
    chosen = {"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['model'].S3Output.S3Uri"}
    assert container["ModelDataUrl"] == {"Std:Join": {"On": "/", "Values": [chosen, "model.tar.gz"]}}


def test_a_cached_search_leads_to_the_model_it_made(steps):
    """The best model's path must not hold the id of the execution that only reused it."""
    assert "Execution." not in json.dumps(steps["Tune"]["Arguments"]["TrainingJobDefinition"]["OutputDataConfig"])
    given = {given["InputName"]: given["S3Input"] for given in steps["Evaluate"]["Arguments"]["ProcessingInputs"]}
    assert "Execution." not in json.dumps(given["candidate"])


def test_only_what_depends_on_nothing_else_is_cached(steps):
    assert {name for name, step in steps.items() if "CacheConfig" in step} == {"Prepare", "Reference", "Tune"}
    assert steps["Prepare"]["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}


@pytest.mark.parametrize(("split_days", "cached"), [(8, "P1D"), (20, "P13D"), (365, "P30D")])
def test_no_step_is_taken_from_the_cache_whose_splits_may_be_deleted_before_they_are_read(
    compose, document, split_days, cached
):
    document["training"]["split_days"] = split_days
    found = compose(parse_settings(document, source="config.toml"))["Steps"]
    assert {step["CacheConfig"]["ExpireAfter"] for step in found if "CacheConfig" in step} == {cached}


def test_all_that_holds_rows_lies_where_it_expires_and_what_is_registered_does_not(steps):
    outputs = steps["Prepare"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    where = {output["OutputName"]: output["S3Output"]["S3Uri"]["Std:Join"]["Values"][0] for output in outputs}
    expiring = "s3://artifacts/pipeline/splits"
    assert where == {**dict.fromkeys(("train", "validation", "test"), expiring), "profile": "s3://artifacts/pipeline"}


def test_the_key_of_every_cached_step_has_the_fingerprint_of_the_data(steps):
    """The keys are AWS's: of a tuning job the static hyperparameters count, and its environment does not."""
    fingerprint = {"Get": "Parameters.DataFingerprint"}
    cached = {name: step["Arguments"] for name, step in steps.items() if "CacheConfig" in step}
    kept = {
        "Prepare": lambda arguments: arguments["Environment"],
        "Reference": lambda arguments: arguments["HyperParameters"],
        "Tune": lambda arguments: arguments["TrainingJobDefinition"]["StaticHyperParameters"],
    }
    assert {name: fingerprint in kept[name](arguments).values() for name, arguments in cached.items()} == dict.fromkeys(
        kept, True
    )


def test_jobs_are_tried_again_when_the_cloud_failed_them(steps):
    for name in ("Prepare", "Reference", "Tune", "Evaluate"):
        retried = {kind for policy in steps[name]["RetryPolicies"] for kind in policy["ExceptionType"]}
        assert {"Step.THROTTLING", "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR"} <= retried
    for policy in steps["Register"]["RetryPolicies"]:
        assert all(kind.startswith("Step.") for kind in policy["ExceptionType"])


KEY, ROLE = "arn:aws:kms:us-east-1:000000000000:key/k", "arn:aws:iam::000000000000:role/{}"


@pytest.mark.parametrize(
    ("name", "role", "isolated"),
    [
        ("Prepare", "processing", True),
        ("Reference", "training", True),
        ("Tune", "training", True),
        ("Evaluate", "evaluation", False),
    ],
)
def test_a_job_has_its_kinds_role_a_tag_for_its_cost_the_projects_key_and_the_network_only_to_evaluate(
    steps, settings, name, role, isolated
):
    job = steps[name]["Arguments"]
    assert job["Tags"] == [{"Key": COST_TAG, "Value": settings.names.prefix}]
    job = job.get("TrainingJobDefinition", job)
    assert job["RoleArn"] == ROLE.format(role)
    if role == "training":
        assert job["EnableNetworkIsolation"] is True
        assert (job["OutputDataConfig"]["KmsKeyId"], job["ResourceConfig"]["VolumeKmsKeyId"]) == (KEY, KEY)
        assert not job.keys() & {"EnableManagedSpotTraining", "CheckpointConfig"}
        assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    else:
        assert job.get("NetworkConfig") == ({"EnableNetworkIsolation": True} if isolated else None)
        assert job["ProcessingOutputConfig"]["KmsKeyId"] == KEY
        assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY


def test_machines_with_disks_of_their_own_get_no_volume_key_and_a_run_cannot_choose_others(compose, document):
    document["training"] |= {
        "processing_instance_type": "ml.r5d.large",
        "training_instance_type": "ml.g5.xlarge",
    }
    definition = compose(parse_settings(document, source="config.toml"))
    assert "VolumeKmsKeyId" not in to_json(definition)
    assert '"InstanceType":"ml.r5d.large"' in to_json(definition)
    assert not [given["Name"] for given in definition["Parameters"] if "InstanceType" in given["Name"]]


def test_an_execution_is_a_trial_of_the_pipelines_experiment_unless_the_settings_say_no(compose, document):
    names = {"ExperimentName": {"Get": "Execution.PipelineName"}, "TrialName": {"Get": "Execution.PipelineExecutionId"}}
    assert compose(parse_settings(document, source="config.toml"))["PipelineExperimentConfig"] == names
    document["training"]["experiments"] = False
    assert compose(parse_settings(document, source="config.toml"))["PipelineExperimentConfig"] is None


def test_the_package_reports_where_it_came_from(steps):
    provenance = steps["Register"]["Arguments"]["CustomerMetadataProperties"]
    assert provenance["commit"] == {"Get": "Parameters.SourceCommit"}
    assert steps["Register"]["Arguments"]["MetadataProperties"] == {
        "CommitId": provenance["commit"],
        "GeneratedBy": provenance["pipeline_execution_arn"],
    }
    assert provenance["pipeline_execution_arn"] == {"Get": "Execution.PipelineExecutionArn"}
    assert provenance["data_sha256"]["Std:JsonGet"]["Path"] == "sha256.source"
    assert provenance["model_sha256"]["Std:JsonGet"]["Path"] == "model.sha256"
    (container,) = steps["Register"]["Arguments"]["InferenceSpecification"]["Containers"]
    assert container["Environment"] == {"SLIPWAY_MODEL_SHA256": provenance["model_sha256"]}
    assert (provenance["gate_metric"], provenance["problem"]) == ("auc", "binary")
    found = {name: provenance[name]["Std:JsonGet"]["Path"] for name in ("algorithm", "training_job")}
    assert found == {"algorithm": "algorithm", "training_job": "model.training_job"}
    assert provenance["model_card"]["Std:Join"]["Values"][-1] == "model_card.json"
    assert (
        provenance["image"]
        == steps["Tune"]["Arguments"]["TrainingJobDefinition"]["AlgorithmSpecification"]["TrainingImage"]
    )
    metrics = steps["Register"]["Arguments"]["ModelMetrics"]
    assert metrics["Explainability"]["Report"]["S3Uri"]["Std:Join"]["Values"][-1] == "explainability.json"
    quality = metrics["ModelQuality"]["Statistics"]["S3Uri"]
    assert provenance["evaluation"] == quality
    assert len(provenance) <= 50
    card = steps["Register"]["Arguments"]["ModelCard"]
    assert card["ModelCardContent"]["Std:JsonGet"]["Path"] == "content"
    assert card["ModelCardStatus"] == "PendingReview"


def test_the_search_is_the_one_in_the_settings(steps):
    config = steps["Tune"]["Arguments"]["HyperParameterTuningJobConfig"]
    assert config["Strategy"] == "Bayesian"
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Maximize", "MetricName": "validation:auc"}
    reported = steps["Tune"]["Arguments"]["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"]
    assert "validation:auc" in {metric["Name"] for metric in reported}
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 12, "MaxParallelTrainingJobs": 2}
    assert config["RandomSeed"] == 0
    assert config["ParameterRanges"]["IntegerParameterRanges"] == [
        {"Name": "max_depth", "MinValue": "3", "MaxValue": "7", "ScalingType": "Auto"}
    ]
    assert {"Name": "eta", "MinValue": "0.02", "MaxValue": "0.2", "ScalingType": "Logarithmic"} in config[
        "ParameterRanges"
    ]["ContinuousParameterRanges"]
    assert steps["Tune"]["Arguments"]["TrainingJobDefinition"]["StaticHyperParameters"] == {
        "algorithm": "xgboost",
        "seed": "0",
        "data_fingerprint": {"Get": "Parameters.DataFingerprint"},
        "early_stopping_rounds": "30",
        "num_round": "600",
    }
    assert steps["Reference"]["Arguments"]["HyperParameters"] == {
        "algorithm": "linear",
        "seed": "0",
        "data_fingerprint": {"Get": "Parameters.DataFingerprint"},
    }


TREES_AND_LINEAR = {"algorithms": ["random_forest", "linear"], "max_jobs": 9, "seed": 4}


def searched(compose, document, **tuning):
    document["tuning"] = tuning
    steps = compose(parse_settings(document, source="c"))["Steps"]
    return next(step["Arguments"] for step in steps if step["Name"] == "Tune")


def test_a_search_over_several_algorithms_has_a_definition_of_each(compose, document):
    document["gate"] = {"metric": "log_loss"}
    tune = searched(compose, document, **TREES_AND_LINEAR, linear={"fixed": {"l1_ratio": "0.5"}})
    assert "TrainingJobDefinition" not in tune
    config = tune["HyperParameterTuningJobConfig"]
    assert not config.keys() & {"HyperParameterTuningJobObjective", "ParameterRanges"}
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 9, "MaxParallelTrainingJobs": 2}
    forest, linear = tune["TrainingJobDefinitions"]
    assert [each["DefinitionName"] for each in (forest, linear)] == ["random-forest", "linear"]
    for each in (forest, linear):
        assert each["TuningObjective"] == {"Type": "Minimize", "MetricName": "validation:log_loss"}
        assert each["EnableNetworkIsolation"] is True
    assert forest["StaticHyperParameters"]["algorithm"] == "random_forest"
    assert linear["StaticHyperParameters"]["l1_ratio"] == "0.5"
    assert [each["Name"] for each in linear["HyperParameterRanges"]["ContinuousParameterRanges"]] == ["alpha"]


def test_what_is_offered_for_one_algorithm_is_asked_for(compose, document):
    document["gate"] = {"metric": "log_loss"}
    start = {"parents": ["one", "two"], "type": "TransferLearning"}
    tune = searched(compose, document, early_stopping=True, warm_start=start)
    assert tune["HyperParameterTuningJobConfig"]["TrainingJobEarlyStoppingType"] == "Auto"
    parents = [{"HyperParameterTuningJobName": name} for name in ("one", "two")]
    assert tune["WarmStartConfig"] == {
        "ParentHyperParameterTuningJobs": parents,
        "WarmStartType": "TransferLearning",
    }


def test_hyperband_has_its_resources(compose, document):
    document["gate"] = {"metric": "log_loss"}
    config = searched(compose, document, strategy="Hyperband", hyperband={"max_resource": 9})[
        "HyperParameterTuningJobConfig"
    ]
    assert config["StrategyConfig"] == {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}
    assert config["TrainingJobEarlyStoppingType"] == "Off"


@pytest.mark.parametrize(
    ("problem", "reference", "objective"),
    [
        ("multiclass", "linear", {"Type": "Minimize", "MetricName": "validation:log_loss"}),
        ("regression", "linear", {"Type": "Minimize", "MetricName": "validation:rmse"}),
        ("anomaly", "isolation_forest", {"Type": "Maximize", "MetricName": "validation:auc"}),
        ("clustering", "k_means", {"Type": "Maximize", "MetricName": "validation:silhouette"}),
    ],
)
def test_every_problem_has_its_reference_and_its_objective(compose, problem, reference, objective):
    target = {"target": "y"} if reference == "linear" else {}
    document = {"name": "case", "stage": "dev", "problem": problem, "data": {"columns": {"x": "number"}, **target}}
    steps = {step["Name"]: step["Arguments"] for step in compose(parse_settings(document, source="c"))["Steps"]}
    assert steps["Reference"]["HyperParameters"]["algorithm"] == reference
    assert steps["Tune"]["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"] == objective


def test_a_grid_leaves_the_number_of_jobs_to_its_combinations(compose, document):
    values = {"type": "categorical", "values": ["3", "5"]}
    document["tuning"] |= {"strategy": "Grid", "ranges": {"max_depth": values}}
    tune = compose(parse_settings(document, source="config.toml"))["Steps"][2]["Arguments"]
    config = tune["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"] == {"MaxParallelTrainingJobs": 2}
    assert config["ParameterRanges"]["CategoricalParameterRanges"] == [{"Name": "max_depth", "Values": ["3", "5"]}]


def test_a_use_case_without_a_description_registers_without_one(compose, document, steps):
    assert steps["Register"]["Arguments"]["ModelPackageDescription"] == "will this visitor buy, from browsing history"
    document["description"] = ""
    gate = compose(parse_settings(document, source="config.toml"))["Steps"][4]
    assert "ModelPackageDescription" not in gate["Arguments"]["IfSteps"][0]["Arguments"]


def test_tokens_of_the_cdk_pass_untouched_and_the_data_may_lie_in_a_bucket_of_its_own(compose, settings):
    token = "${Token[AWS.AccountId.4]}"
    document = compose(settings, bucket=token, kms_key_arn=token, image_uri=token, training_role_arn=token)
    assert token in to_json(document)
    assert document["Parameters"][0]["DefaultValue"] == f"s3://{token}/data/"
    assert compose(settings, data_bucket="data")["Parameters"][0]["DefaultValue"] == "s3://data/data/"


def test_a_job_knows_its_output_and_its_property_files_only():
    nothing = dict.fromkeys(("entrypoint", "container_arguments", "inputs", "outputs"), ())
    step = ProcessingStep(name="A", image_uri="i", role_arn="r", compute=None, **nothing)
    with pytest.raises(ValueError, match="output of A must be one of , got train"):
        step.output("train")
    with pytest.raises(ValueError, match="property file of A must be one of , got Profile"):
        step.json("Profile", "rows")


def test_two_processes_write_the_same_bytes(tmp_path):
    program = (
        "from pathlib import Path\n"
        "from slipway.training import to_json, training_pipeline\n"
        "from slipway.settings import load_settings\n"
        "roles = dict.fromkeys(('processing_role_arn', 'training_role_arn', 'evaluation_role_arn'), 'r')\n"
        "settings = load_settings(Path('config/shoppers.toml'), 'dev')\n"
        "uris = {'image_uri': 'i', 'use_case_uri': 'u'}\n"
        "print(to_json(training_pipeline(settings, bucket='b', kms_key_arn='k', **uris, **roles)))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            cwd=Path(__file__).parents[3],
            env={"PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(texts) == 1


def test_a_package_takes_the_tags_of_its_group(steps):
    """SageMaker refuses tags beside a group's name."""
    assert "Tags" not in steps["Register"]["Arguments"]


@pytest.fixture
def spot(compose, document):
    """The jobs of a use case that trains on spare machines."""
    document["training"] |= {"spot": True, "max_runtime_seconds": 1800}
    steps = {step["Name"]: step["Arguments"] for step in compose(parse_settings(document, source="c"))["Steps"]}
    return steps["Reference"], steps["Tune"]["TrainingJobDefinition"]


def test_a_spot_job_may_wait_for_machines_longer_than_it_may_run(spot):
    for job in spot:
        assert job["EnableManagedSpotTraining"] is True
        assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800, "MaxWaitTimeInSeconds": 3600}


def test_only_the_search_takes_long_enough_to_keep_checkpoints(spot):
    baseline, tune = spot
    assert "CheckpointConfig" not in baseline
    # SageMaker's step cache looks at the path: the id of an execution would make it miss every time.
    assert tune["CheckpointConfig"] == {"S3Uri": "s3://artifacts/pipeline/checkpoints"}
