"""Shared package of the pipeline's Glue scripts: rules, KPIs and the load, as small functions over DataFrames."""
