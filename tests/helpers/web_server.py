"""A web server in a thread of a test, how the test asks it, and a proxy before it."""

import asyncio
import contextlib
import http.client
import http.server
import threading
import urllib.parse

from selectolax.lexbor import LexborHTMLParser


@contextlib.contextmanager
def serving(serve):
    """Run `serve(started, stop)` in a thread: it sets `started`, and ends when `stop` is set."""
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(started, stop),))
    thread.start()
    try:
        assert started.wait(20)
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def ask(port, path, method="GET", *, timeout=60, **headers):
    """The status, the body and the headers of an answer."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with contextlib.closing(client):
        client.request(method, path, headers=headers)
        answer = client.getresponse()
        return answer.status, answer.read().decode(), answer.headers


class Prefix(http.server.BaseHTTPRequestHandler):
    """A proxy that shows the view below a path of its own, and nothing elsewhere."""

    prefix, upstream = "/ops/cleanwire", 0

    def do_GET(self):
        if not self.path.startswith(f"{self.prefix}/"):
            self.send_error(404)
            return
        status, body, headers = ask(self.upstream, self.path.removeprefix(self.prefix))
        self.send_response(status)
        self.send_header("Content-Type", headers["Content-Type"])
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def followed_below_a_path(upstream):
    """Follow every link of a view below a path of a proxy; returns the path's address, and the
    status of each address."""
    handler = type("Handler", (Prefix,), {"upstream": upstream})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            base = f"http://127.0.0.1:{proxy.server_port}{Prefix.prefix}/"
            seen, left = {}, {base}
            while left:
                address = left.pop()
                path = address.partition(str(proxy.server_port))[2]
                seen[address], body, _ = ask(proxy.server_port, path)
                # The addresses of this page, as a browser makes them of what it says.
                for node in LexborHTMLParser(body).css("[href], [src], [action]"):
                    for name in ("href", "src", "action"):
                        given = node.attributes.get(name)
                        if given is not None and not given.startswith(("http:", "https:")):
                            left.add(
                                urllib.parse.urldefrag(urllib.parse.urljoin(address, given)).url
                            )
                left -= set(seen)
        finally:
            proxy.shutdown()
            thread.join()
    return base, seen
