"""Who calls what: each role's requests are told apart by their access key, noted, and held against its policies."""
