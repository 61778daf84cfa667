"""`baseline.json`: what a model was trained on, and how far other data is from it. The server uses it: no pandas."""
