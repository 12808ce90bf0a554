"""SelectObject: runs a SQL statement on the rows of a CSV object or the nodes of a JSON object.

`parsing` turns the text into a frozen statement, `checking` finds what the service refuses, and
`evaluation` makes functions of it. `csv_rows` and `json_nodes` read an object piece by piece,
`rows` takes those of the request and finds their columns, `output` writes the result, and
`selection` runs all of it, in time proportional to the object.

Synchronous but for `selection.Pump`, which runs each selection in a thread of its own. The server
has a process of its own run `jobs.select`.
"""
