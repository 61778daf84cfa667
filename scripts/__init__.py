"""Tools for the container image; nothing that is deployed or rehearsed imports them."""
