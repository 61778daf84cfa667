"""The interface endpoints of a VPC of the user's."""
