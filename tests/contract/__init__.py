"""What every connector promises, held against all of them: the two packages', and a ledger in one CSV file."""
