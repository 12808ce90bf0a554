"""Rules in documents: XML, JSON, TOML, lists and Terraform, read and written back in place."""
