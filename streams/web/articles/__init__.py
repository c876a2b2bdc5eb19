"""Looking pages up: the list of outcomes, and one page's whole story.

`search_form` reads the query of the list, `record_reader` reads single records of Kafka,
`page_story` collects what is known of a page, and `handlers` answers requests.

Invariants:

- Nothing here writes: a request reads the store and single records, and cleans a page again in a
  process that can be killed.
- Only the pipeline's own topics are read, whatever place a record names.
- No text of an article that was taken down is shown.
"""
