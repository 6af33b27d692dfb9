"""The operation record: entries that are only ever added, each bound to the one before by a hash.

`entry` says what an entry is and how it is sealed, `store` adds them, `reading` finds them, `verification` proves them,
`retention` drops the oldest, `export` hands them to other programs. `history` keeps what the report draws and is no
part of the chain.
"""
