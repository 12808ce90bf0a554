"""SelectObject: runs a SQL statement on the rows of a CSV object or the nodes of a JSON object.

`parsing` turns the text into a frozen statement, `checking` finds what the service refuses,
`translation` writes SQL of DuckDB with bound parameters. `csv_rows` and `json_nodes` read an object
piece by piece, `columns` makes batches of it, `engine` runs them, `output` writes the result.

Synchronous, and the only room besides the lab that needs DuckDB, the extra `select`. Work takes
time in proportion to the object, so the server calls it in threads.
"""
