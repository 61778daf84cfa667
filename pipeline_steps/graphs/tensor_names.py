"""The names in a model's graph; the server reads them without importing ONNX."""

INPUT = "features"
