"""Fitting: an algorithm is a folder with its hyperparameters, its fit and its export to ONNX."""
