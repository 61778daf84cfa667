"""ONNX graphs: their names and how they are written."""
