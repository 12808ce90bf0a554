"""Replays: the decisions of new rules on the requests in access logs.

An engine, DuckDB or Spark, reads the logs and groups requests by Referer and kind. A `Judge` judges
each group with the policy of `oss_referer.engine`, and the engine joins the results with the
requests. Both engines run the statements of `statements.sql`.
"""
