"""`cleanwire sink`: articles and duplicates into the tables of a PostgreSQL or SQLite database.

Invariants:

- Rows and offsets change in one transaction. A kill at any point loses and doubles nothing.
- A redelivery changes no row. What was taken down goes, and never comes back.
- What the database refuses is in the table of dead letters, and the rest of its batch goes in.
- A fault of the database itself makes no dead letter.
"""
