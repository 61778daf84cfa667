"""The model server: HTTP on asyncio, payloads checked against the contract, scores out."""
