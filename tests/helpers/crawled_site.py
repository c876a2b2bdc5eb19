"""A site on loopback that a real Scrapy crawls, and the crawl as a process of its own."""

import ast
import contextlib
import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from helpers import doc_blocks

SPIDER = Path(__file__).with_name("crawling_spider.py")


def settings_of_the_guide():
    """The Scrapy settings that the guide tells users to write."""
    block = next(
        block for block in doc_blocks.of("python") if block.page == "docs/howto/crawlers.md"
    )
    tree = ast.parse(block.text)
    return {one.targets[0].id: ast.literal_eval(one.value) for one in tree.body}


def story(number, *, links=(), more=""):
    """An article that is like no other, with links."""
    words = " ".join(f"w{number}x{place} tells of harbour {place} it." for place in range(40))
    hrefs = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    return f"<!doctype html><html><head><title>Report {number}</title></head><body><h1>Report {number}</h1><p>{words}</p>{more}<nav>{hrefs}</nav></body></html>"


class Site:
    """What the site answers: by path, a status, headers and a body."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.port = 0

    def add(self, path, body, *headers, status=200, media="text/html; charset=utf-8"):
        data = body.encode() if isinstance(body, str) else body
        self.answers[path] = (status, [("Content-Type", media), *headers], data)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def site_on_loopback():
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            site.asked.append(self.path)
            missing = (404, [("Content-Type", "text/html")], b"<p>no such page")
            status, headers, body = site.answers.get(self.path, missing)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def crawl_process(folder, start, *, settings=None, options=(), **environ):
    """Start a crawl; its statistics are in `folder/stats.json` when it has ended."""
    guide = settings_of_the_guide()
    given = {"ADDONS": json.dumps(guide["ADDONS"]), "CLEANWIRE_BROKER": guide["CLEANWIRE_BROKER"]}
    given |= {"TELNETCONSOLE_ENABLED": "0", **(settings or {})}
    command = [sys.executable, "-m", "scrapy", "runspider", str(SPIDER)]
    for name, value in given.items():
        command += ["-s", f"{name}={value}"]
    repository = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [*command, *options],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(repository),
            "START": start,
            "STATS": str(Path(folder) / "stats.json"),
            **environ,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def crawl(folder, start, seconds=90, **more):
    """A crawl to its end: its exit code, its statistics and its log."""
    process = crawl_process(folder, start, **more)
    _, log = process.communicate(timeout=seconds)
    return process.returncode, json.loads((Path(folder) / "stats.json").read_text()), log


def gzipped(text):
    return gzip.compress(text.encode())
