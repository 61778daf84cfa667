"""What outside tools and our own rules find in the templates, less what is explained in writing."""
