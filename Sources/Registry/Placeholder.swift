// Its first types follow.
