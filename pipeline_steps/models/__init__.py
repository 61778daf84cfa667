"""Models: the contract they keep with callers, fitting, export to ONNX, scoring."""
