"""Questions about hotlink protection rules: are they right, and what do they do?"""
