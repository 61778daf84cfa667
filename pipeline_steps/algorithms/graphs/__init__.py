"""ONNX graphs of fitted models: what the algorithms' exports share."""
