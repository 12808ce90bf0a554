"""The pipeline: the steps from a request to its response, in the order of the service."""
