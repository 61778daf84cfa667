"""Pipelines: a definition under a name."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import conflict, not_found, validation_error
from rehearsal.cloud.sagemaker.arns import arn, name_of
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.platform import Platform, Record, one_of
from rehearsal.cloud.sagemaker.ports import PipelineEngine

_LISTING = Listing("PipelineSummaries", name="PipelineName")
_UPDATABLE = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


class Pipelines:
    def __init__(self, platform: Platform, engine: PipelineEngine, read_object: Callable[[str, str], bytes]) -> None:
        self._platform, self._engine, self._read_object = platform, engine, read_object
        self._pipelines: dict[str, Record] = {}

    def actions(self) -> Mapping[str, Action]:
        return {
            "CreatePipeline": self.create,
            "UpdatePipeline": self.update,
            "DescribePipeline": self.describe,
            "ListPipelines": self.list,
            "DeletePipeline": self.delete,
        }

    def create(self, request: Record) -> Record:
        name = request["PipelineName"]
        if name in self._pipelines:
            raise conflict(f"Pipeline names must be unique within an AWS account and region. {name} already exists.")
        pipeline_arn = arn("pipeline", name.lower())
        now = self._platform.now()
        self._pipelines[name] = {
            "PipelineDisplayName": name,
            **{key: request[key] for key in ("PipelineName", *_UPDATABLE) if key in request},
            **self._definition(request),
            "PipelineArn": pipeline_arn,
            "PipelineStatus": "Active",
            "CreationTime": now,
            "LastModifiedTime": now,
            "CreatedBy": {},
            "LastModifiedBy": {},
        }
        self._platform.tag(pipeline_arn, request.get("Tags"))
        return {"PipelineArn": pipeline_arn}

    def _definition(self, request: Record) -> Record:
        """The definition's text and its document, once the engine has accepted it."""
        one_of(request, "PipelineDefinition", "PipelineDefinitionS3Location")
        text = request.get("PipelineDefinition") or self._fetched(request["PipelineDefinitionS3Location"])
        try:
            document: Any = json.loads(text)
        except ValueError as exc:
            raise validation_error(f"Unable to parse pipeline definition. It must be JSON: {exc}") from exc
        if not isinstance(document, dict):
            raise validation_error(f"Unable to parse pipeline definition. It must be an object, got {text[:40]}")
        try:
            self._engine.check(document)
        except ValueError as exc:
            raise validation_error(f"Unable to parse pipeline definition. {exc}") from exc
        return {"PipelineDefinition": text, "_document": document}

    def _fetched(self, location: Mapping[str, str]) -> str:
        bucket, key = location["Bucket"], location["ObjectKey"]
        try:
            return self._read_object(bucket, key).decode()
        except LookupError as exc:
            raise validation_error(f"the pipeline definition must be in S3, got s3://{bucket}/{key}: {exc}") from exc

    def update(self, request: Record) -> Record:
        pipeline = self.get(request["PipelineName"])
        changes = {key: request[key] for key in _UPDATABLE if key in request}
        if "PipelineDefinition" in request or "PipelineDefinitionS3Location" in request:
            changes |= self._definition(request)
        pipeline |= {**changes, "LastModifiedTime": self._platform.now()}
        return {"PipelineArn": pipeline["PipelineArn"]}

    def describe(self, request: Record) -> Record:
        return self.get(request["PipelineName"])

    def list(self, request: Record) -> Record:
        return _LISTING.answer(self._pipelines.values(), request)

    def delete(self, request: Record) -> Record:
        pipeline = self.get(request["PipelineName"])
        if pipeline.get("_executing", 0):
            raise conflict(f"Pipeline {pipeline['PipelineName']} has executions that are still running.")
        del self._pipelines[pipeline["PipelineName"]]
        self._platform.untag(pipeline["PipelineArn"])
        return {"PipelineArn": pipeline["PipelineArn"]}

    def get(self, reference: str) -> Record:
        """The pipeline that a name or an ARN names."""
        name = name_of(reference)
        found = self._pipelines.get(name)
        if found is None and reference.startswith("arn:"):
            found = next((p for p in self._pipelines.values() if p["PipelineArn"] == reference), None)
        if found is None:
            raise not_found(f"Pipeline '{arn('pipeline', name.lower())}' does not exist.")
        return found
