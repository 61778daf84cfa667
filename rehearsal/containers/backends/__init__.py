"""Ways to give a job its /opt/ml without Docker, all with one contract."""
