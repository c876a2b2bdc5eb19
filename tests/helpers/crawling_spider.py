"""A spider of a user's, which knows nothing of Cleanwire: it follows every link."""

import json
import os
from pathlib import Path

import psutil
import scrapy
from scrapy.statscollectors import MemoryStatsCollector

from streams.crawlers.scrapy_addon import RawPagesMiddleware

RawPagesMiddleware.patience = float(os.environ.get("PATIENCE", "120"))


class WrittenStats(MemoryStatsCollector):
    """The statistics that Scrapy dumps at the end, as a file too."""

    def close_spider(self, spider=None, reason=None):
        super().close_spider(spider, reason)
        stats = {name: str(value) for name, value in self.get_stats().items()}
        Path(os.environ["STATS"]).write_text(json.dumps(stats))


class FollowSpider(scrapy.Spider):
    name = "follow"
    custom_settings = {"STATS_CLASS": WrittenStats}  # noqa: RUF012 - as Scrapy has it

    async def start(self):
        yield scrapy.Request(os.environ["START"], callback=self.parse)

    def parse(self, response):
        self.crawler.stats.max_value("peak", psutil.Process().memory_info().rss)
        if "fail" in response.url:
            raise ValueError("the spider has a bug")
        if not isinstance(response, scrapy.http.HtmlResponse):
            return
        for link in response.css("a::attr(href)").getall():
            meta = {"cleanwire": False} if "private" in link else {}
            yield response.follow(link, callback=self.parse, meta=meta)
        yield {"url": response.url}
