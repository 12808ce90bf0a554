"""The forms of a finding: annotations, JUnit XML, SARIF and Markdown."""
