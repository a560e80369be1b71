"""Book formats in and out, a module a format."""
