"""Traffic: recorded requests of browsers, logs and emulators, and what rules decide on them.

`requests.py` says what a record is, and `har.py` reads one that a browser saved. Neither needs a
package.

A replay reads logs. An engine, DuckDB or Spark, groups requests by Referer and kind. A `Judge`
judges each group with the policy of `oss_referer.engine`, and the engine joins the results with the
requests. Both engines run the statements of `statements.sql`.
"""
