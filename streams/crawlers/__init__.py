"""Crawlers that put the pages they fetch on raw-pages by themselves.

Invariant: a crawl slows down while Kafka is slow. A page that the brokers did not acknowledge is
counted and named, and is never dropped without a word. Scrapy is an optional package
(`cleanwire[scrapy]`): nothing else imports this room.
"""
