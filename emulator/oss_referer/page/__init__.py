"""The parts of a page about rules, shared by the console and the lab in the browser."""
