"""Tables: their schema, reading and writing them, judging, splitting and describing them."""
