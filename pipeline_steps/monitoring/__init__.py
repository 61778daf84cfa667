"""What production data looks like beside what the model was trained on. The server uses it too: numpy, no pandas."""
