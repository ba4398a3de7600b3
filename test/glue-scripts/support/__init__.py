"""What the tests of the Glue scripts share."""
