"""Who calls what: each role's requests are recognised by its access key, recorded, and compared with its policies."""
