"""XML that people write: read by lxml, or by expat of the standard library where lxml is missing.

What is accepted, and the words and places of errors, do not depend on the parser: `scanning`
decides first. Parsing is strict except for an unescaped `&`, which stands for itself (P-34). Only
the five entities of XML and numeric references are resolved, nothing is fetched, and a document
type is refused.
"""
