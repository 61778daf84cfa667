"""Gates before a candidate gets any traffic: its contract, and a replay of recent requests beside the champion."""
