"""`cleanwire export`: articles as Parquet files, one a day.

Invariants:

- A reader sees whole files at any moment: a file is written aside and renamed.
- A kill at any point loses and doubles nothing. Offsets, and the articles that no file has yet, are
  in one SQLite file in the folder `.cleanwire`.
- The text of an article that was taken down is in no file once the command has ended.
"""
