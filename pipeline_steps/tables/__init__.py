"""Tables: their schema, reading and writing them, checking, splitting and describing them."""
