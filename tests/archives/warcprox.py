"""Makes warcprox.warc.gz anew: real warcprox records what is fetched through it.

    python tests/archives/warcprox.py

`warcprox` has to be on the path (PyPI, 2.13.1). The pages are those of wget.py, fetched twice, so
that the second fetch of each becomes a `revisit`; one more record is written by request
(WARCPROX_WRITE_RECORD).
"""

import http.client
import shutil
import subprocess
import tempfile
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

from wget import Handler

TARGET = Path(__file__).with_name("warcprox.warc.gz")
WAYS = ("0/plain", "1/chunked", "2/gzip", "3/gzip-chunked", "4/old", "0/moved", "0/missing")


def ask(port: int, method: str, url: str, body: bytes | None = None, **headers: str) -> None:
    """Ask through the proxy, once it listens."""
    for _ in range(100):
        proxy = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            proxy.request(method, url, body, headers)
            proxy.getresponse().read()
        except ConnectionRefusedError:
            time.sleep(0.2)
        else:
            return
        finally:
            proxy.close()


def main() -> None:
    """Serve, fetch through warcprox, stop."""
    with (
        # warcprox refuses 127.0.0.1 alone.
        ThreadingHTTPServer(("127.0.0.2", 0), Handler) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.2:{server.server_port}"
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as free:
            port = free.server_port
        command = [shutil.which("warcprox") or "warcprox", "-z", "-p", str(port)]
        recorder = subprocess.Popen([*command, "-d", "warcs"], cwd=folder)
        for _ in range(2):
            for way in WAYS:
                ask(port, "GET", f"{base}/{way}")
            time.sleep(2)
        ask(
            port,
            "WARCPROX_WRITE_RECORD",
            "screenshot:https://paper.example/",
            b"\x89PNG",
            **{"Content-Type": "image/png", "WARC-Type": "resource"},
        )
        time.sleep(2)
        recorder.terminate()
        recorder.wait()
        written = sorted((Path(folder) / "warcs").glob("*.warc.gz*"))
        TARGET.write_bytes(b"".join(file.read_bytes() for file in written))
        server.shutdown()


if __name__ == "__main__":
    main()
