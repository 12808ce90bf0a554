"""The OSS protocol: requests, answers, signatures, errors. It uses no socket, file or clock."""
