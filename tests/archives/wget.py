"""Makes wget.warc.gz anew: real wget archives pages of a server on loopback.

    python tests/archives/wget.py

The pages are sent chunked, gzip-coded, as both, plain, with HTTP/1.0, redirected and missing.
"""

import gzip
import http.server
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

TARGET = Path(__file__).with_name("wget.warc.gz")
PLACES = ("Aldmoor", "Brennick", "Corvale", "Dunmere", "Estwick")


def page(place: str) -> bytes:
    """A short article of its own for each place."""
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{place} mends its lock"
        f"</title></head><body><nav><a href='/'>Home</a></nav><article><h1>{place} mends its lock</h1>"
        f"<p>The canal lock at {place} opens again on Monday, after nine weeks without a boat.</p>"
        f"<p>Divers found in March that the lower gate of {place} no longer closed, and that the sill"
        " under it had been washed out – twice.</p>"
        f"<p>“We waited for the oak,” says the keeper in {place}, who has worked there since 1998."
        "</p></article></body></html>"
    ).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends each page in a way of its own."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer for /NUMBER/WAY."""
        number, _, way = self.path.strip("/").partition("/")
        if way in {"moved", "missing"}:
            self.send_response(302 if way == "moved" else 404)
            self.send_header("Location", "/0/plain")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = page(PLACES[int(number)])
        body = gzip.compress(body, mtime=0) if "gzip" in way else body
        if way == "old":
            self.protocol_version = "HTTP/1.0"
            self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if "gzip" in way:
            self.send_header("Content-Encoding", "gzip")
        if "chunked" in way:
            self.send_header("Transfer-Encoding", "chunked")
            parts = [body[at : at + 300] for at in range(0, len(body), 300)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
        elif way != "old":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve, archive, stop."""
    ways = ("0/plain", "1/chunked", "2/gzip", "3/gzip-chunked", "4/old", "0/moved", "0/missing")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [
                    shutil.which("wget") or "wget",
                    "-q",
                    "--tries=1",
                    "--warc-file=wget",
                    *(f"{base}/{way}" for way in ways),
                ],
                cwd=folder,
                check=False,
            )
            TARGET.write_bytes((Path(folder) / "wget.warc.gz").read_bytes())
        server.shutdown()


if __name__ == "__main__":
    main()
