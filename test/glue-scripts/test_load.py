"""The load of a day into a real table."""
