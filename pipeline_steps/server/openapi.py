"""The OpenAPI document of one model's server: its columns, its formats, and a request with the model's own response."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.features.boolean_column import BooleanColumn
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.features.text_column import TextColumn
from pipeline_steps.server.payload import read_payload
from pipeline_steps.server.predictions import OFFERED, write_predictions
from pipeline_steps.server.request_formats import CSV, FORMATS, JSON, JSON_LINES, NPY, PARQUET_TYPES
from pipeline_steps.server.warm_up import csv_body, representative_rows

_ERRORS = {
    "400": "the body breaks the contract: row, column and value are named",
    "406": "Accept allows none of the response's types",
    "413": "too many rows or bytes",
    "415": "no format has this content type",
    "500": "the model failed",
    "503": "too many bytes wait for a response: send the request again in a second",
}
_PARQUET = "a file of Parquet, with a column for each of the model's"
_BINARY = {NPY: "an array in NumPy's file format", **dict.fromkeys(PARQUET_TYPES, _PARQUET)}
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def openapi_document(contract: Contract, scorer: Scorer) -> dict[str, Any]:
    """Describe the server of a model. Its example is a row of typical values, and what the model predicts for it."""
    row = representative_rows(contract, None)[0]
    named = {column.name: value for column, value in zip(contract.columns, row, strict=True) if value is not None}
    outputs = scorer.score(read_payload(contract, json.dumps({"instances": [named]}).encode(), JSON))
    written = {name: write_predictions(contract.responder, outputs, name) for name in OFFERED if name != NPY}
    response = json.loads(written[JSON].body)
    examples = {
        JSON: ({"instances": [named]}, response),
        CSV: (csv_body([row]).decode(), written[CSV].body.decode()),
        JSON_LINES: (json.dumps(named) + "\n", written[JSON_LINES].body.decode()),
    }
    reference = {"$ref": "#/components/schemas/Row"}
    names = [column.name for column in contract.columns]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{contract.problem_name} model",
            "version": "1",
            "description": f"{_target(contract)} by {contract.algorithm}. On SageMaker, InvokeEndpoint takes the same "
            "bodies and content types for an endpoint, and signs the request.",
        },
        "paths": {
            "/ping": {
                "get": {"summary": "whether the server is ready", "responses": {"200": {"description": "it is"}}}
            },
            "/invocations": {"post": _invocations(contract, examples)},
        },
        "components": {
            "schemas": {
                "Row": {
                    "description": "a row by column names, or its values in this order: " + ", ".join(names),
                    "anyOf": [_row(contract), {"type": "array", "minItems": len(names), "maxItems": len(names)}],
                },
                "Rows": {"type": "array", "items": reference, "minItems": 1, "maxItems": contract.max_payload_rows},
                "Predictions": _shape(response) | {"example": response},
                "Error": _shape({"error": "what was wrong"}),
            }
        },
    }


def _target(contract: Contract) -> str:
    return f"Predicts {contract.target}" if contract.target else "Predicts"


def _invocations(contract: Contract, examples: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    attributes = {
        "name": "X-Amzn-SageMaker-Custom-Attributes",
        "in": "header",
        "description": "`explain` adds the reasons of each prediction to a response of JSON",
        "schema": {"type": "string", "maxLength": 1024},
    }
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    bodies = {name: _content(name, examples.get(found.name, ("", ""))[0]) for name, found in FORMATS.items()}
    bodies[JSON]["schema"] = _json_body(contract)
    answers = {name: _content(name, examples.get(name, ("", ""))[1]) for name in OFFERED}
    answers[JSON]["schema"] = {"$ref": "#/components/schemas/Predictions"}
    return {
        "summary": "one prediction for each row",
        "parameters": [attributes],
        "requestBody": {"required": True, "description": "may be packed with gzip", "content": bodies},
        "responses": {
            "200": {"description": "the predictions, in the order of the rows", "content": answers},
            **{status: {"description": reason, "content": error} for status, reason in _ERRORS.items()},
        },
    }


def _content(name: str, example: Any) -> dict[str, Any]:
    if name in _BINARY:
        return {"schema": {"type": "string", "format": "binary", "description": _BINARY[name]}}
    return {"schema": {"type": "string"}, "example": example}


def _json_body(contract: Contract) -> dict[str, Any]:
    rows = {"$ref": "#/components/schemas/Rows"}
    split = {
        "columns": {"type": "array", "items": {"enum": [column.name for column in contract.columns]}},
        "data": {"type": "array", "items": {"type": "array"}, "minItems": 1, "maxItems": contract.max_payload_rows},
    }
    by_name = [_object({name: rows}, [name], closed=False) for name in ("instances", "inputs", "records")]
    return {"anyOf": [*by_name, _object(split, list(split), closed=False), rows]}


def _row(contract: Contract) -> dict[str, Any]:
    columns = contract.columns
    required = [column.name for column in columns if not column.missing]
    return _object({column.name: _value(column) for column in columns}, required) | {"minProperties": 1}


def _object(properties: Mapping[str, Any], required: list[str], *, closed: bool = True) -> dict[str, Any]:
    found = {"type": "object", "properties": dict(properties), "required": required}
    return found | {"additionalProperties": False} if closed else found


def _value(column: FeatureColumn) -> dict[str, Any]:
    """What is always taken; the server knows more ways to write a category or a boolean."""
    none = ["null"] if column.missing else []
    if isinstance(column, BooleanColumn):
        return {"type": ["boolean", *none]}
    if isinstance(column, DatetimeColumn):
        return {"type": ["string", *none], "description": f"a date or time in ISO 8601, or as {column.format}"}
    if isinstance(column, TextColumn):
        most = column.ngrams.characters
        return {"type": ["string", *none], "description": f"a text, of which {most} characters are read"}
    if not isinstance(column, CategoryColumn):
        return {"type": ["number", *none], "description": f"{column.min:g} to {column.max:g} in training"}
    if column.accepts_unknown:
        known = ", ".join(column.categories)
        return {"type": ["string", *none], "description": f"unknown ones count as other; known ones: {known}"}
    return {"enum": [*column.categories, *([None] if column.missing else [])]}


def _shape(value: Any) -> dict[str, Any]:
    """The schema of values like this one."""
    if isinstance(value, dict):
        return _object({name: _shape(each) for name, each in value.items()}, list(value), closed=False)
    if isinstance(value, list):
        return {"type": "array", "items": _shape(value[0])}
    return {"type": _TYPES[type(value)]}
