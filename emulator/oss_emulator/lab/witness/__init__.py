"""The browser as a witness: what it is asked, the pages that ask it, and how it is judged."""
