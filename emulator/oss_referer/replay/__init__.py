"""Replays: what new rules would have done to the requests of access logs.

An engine, DuckDB or Spark, reads the logs and groups requests by Referer and kind. A `Judge` judges
each group with the policy of `oss_referer.engine`; the engine joins the results back. Both
engines run the statements of `statements.sql`.
"""
