"""SelectObject: runs a SQL statement on the rows of a CSV object or the nodes of a JSON object.

`parsing` turns the text into a frozen statement, `checking` raises what the service refuses, and
`evaluation` makes functions from the statement. `csv_rows` and `json_nodes` read an object piece by
piece, `rows` yields the requested rows and finds their columns, `output` writes the result, and
`selection` runs everything, in time proportional to the size of the object.

Synchronous except for `selection.Pump`, which runs each selection in a separate thread. The server
runs `jobs.select` in a separate process.
"""
