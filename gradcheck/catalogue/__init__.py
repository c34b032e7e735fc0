"""The catalogue: one entry for every op, in rooms that mirror ``minideep/ops``."""
