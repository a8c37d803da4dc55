#!/usr/bin/env python3
"""Keeps a copy of all stock that a key of Stockroom sees, by following the feed of events.

    STOCKROOM_URL=http://127.0.0.1:8080 STOCKROOM_CLIENT_ID=… STOCKROOM_CLIENT_SECRET=… \\
        python3 keep_a_copy.py [--once] [--verbose]

It reads the feed's head, then all stock, and then follows the feed from that head. The `sequence` of stock
says which events it contains already. Where the feed can't go on (409: the database was restored; 410: the
events are forgotten), it starts anew.

On SIGTERM or SIGINT, or with --once when it has caught up with the head, it prints one JSON document, sorted
by key, and ends: {STOCK_ID: {"product_id", "store_id", "available", "allocated", "total", "sequence"}}.
`store_id` is null for the organization's stock. With --verbose it says on standard error how far it has come.
It needs Python 3.11 or later, and nothing else.
"""

import argparse
import http.client
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit


class Stop(BaseException):
    """A signal asked the program to end."""


class StartAnew(Exception):
    """The feed can't go on from the cursor."""


class Refused(Exception):
    """The server refused a request, and would refuse it again."""

    def __init__(self, url, error):
        super().__init__(f"{url}: {error.code}: {error.read(2000).decode(errors='replace')}")
        self.status = error.code


class Client:
    """Sends requests with a token, and sends them again while the server has no time for them."""

    def __init__(self, url, client_id, client_secret):
        self.url = url.rstrip("/") + "/"
        self.credentials = {"client_id": client_id, "client_secret": client_secret}
        self.token, self.renew_at = None, 0.0

    def get(self, path, **parameters):
        """The answer to GET, as JSON. `path` may be a link of another answer."""
        link = urlsplit(urljoin(self.url, path))
        url = link._replace(query=urlencode(dict(parse_qsl(link.query)) | parameters)).geturl()
        try:
            return self._send(self._authorized(url))
        except Refused as refused:
            if refused.status != 401:
                raise
        self.renew_at = 0.0  # The token was revoked, or the server's signing key was replaced.
        return self._send(self._authorized(url))

    def _authorized(self, url):
        if time.monotonic() >= self.renew_at:
            form = urlencode({"grant_type": "client_credentials"} | self.credentials).encode()
            answer = self._send(urllib.request.Request(self.url + "oauth/access_token", form))
            self.token, self.renew_at = answer["access_token"], time.monotonic() + answer["expires_in"] - 60
        headers = {"Authorization": f"Bearer {self.token}", "EP-Inventories-Multi-Location": "true"}
        return urllib.request.Request(url, headers=headers)

    def _send(self, request):
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code not in (429, 502, 503, 504):
                    raise Refused(request.full_url, error) from None
                reason, pause = error, error.headers.get("Retry-After", "")
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
                reason, pause = error, ""
            print(f"{request.full_url}: {reason}; trying again", file=sys.stderr)
            time.sleep(int(pause) if pause.isdecimal() else 2)


class Copy:
    """The copy: each stock by its `stock_id`."""

    def __init__(self, client, verbose=False):
        self.client, self.stocks, self.cursor, self.verbose = client, {}, None, verbose

    def read_all(self):
        """Reads the head of the feed, and after that all stock. What happens meanwhile comes as events."""
        meta = self._events({"page[limit]": 1})["meta"]
        stocks, link = {}, "v2/inventories?page[limit]=100"
        while link:
            page = self.client.get(link, include="sequence")
            stocks |= map(from_stock, page["data"])
            link = page["links"]["next"]
        self.stocks = stocks
        self._come_to(f"{meta['feed_id']}:{meta['head']}")

    def follow(self, once):
        """Applies events as they come. Returns at the head if `once` is set, and else never."""
        while True:
            began = time.monotonic()
            wait = 0 if once else 25  # Seconds: the longest that the server allows.
            page = self._events({"page[after]": self.cursor, "page[limit]": 1000, "wait": wait})
            for event in page["data"]:
                self.apply(event["attributes"])
            if page["meta"]["next"] != self.cursor:
                self._come_to(page["meta"]["next"])
            if once and self.cursor.rpartition(":")[2] == str(page["meta"]["head"]):
                return
            # A server that is about to stop doesn't wait.
            if not page["data"] and not page["links"]["next"] and time.monotonic() - began < 1:
                time.sleep(1)

    def _come_to(self, cursor):
        self.cursor = cursor
        if self.verbose:
            print(f"at {cursor}", file=sys.stderr)

    def _events(self, parameters):
        try:
            return self.client.get("v2/inventories/events", **parameters)
        except Refused as refused:
            raise StartAnew(refused) if refused.status in (409, 410) else refused

    def apply(self, event):
        """Applies an event, unless the copy contains it already."""
        product_id, stock_id = event["subject"]["id"], event["subject"].get("stock_id")
        store_id, sequence, data = event["store_id"], event["sequence"], event["data"]
        known = self.stocks.get(stock_id)
        match event["event"]:
            case "stock.deleted":
                self.stocks.pop(stock_id, None)
                if store_id:
                    self._read_again(product_id)
            case "stock.created" if known is None:
                self.stocks[stock_id] = entry(product_id, store_id, data["attributes"], sequence)
            # Stock that isn't known here was deleted before it was read; that event is still to come.
            case "stock-transaction.created" if known and sequence > known["sequence"]:
                self.stocks[stock_id] = entry(product_id, store_id, data["stock"], sequence)

    def _read_again(self, product_id):
        """Reads the stock that a store sees without its own: the organization's, which was hidden so far."""
        try:
            answer = self.client.get(f"v2/inventories/{product_id}", include="sequence")
            self.stocks |= [from_stock(answer["data"])]
        except Refused as refused:
            if refused.status != 404:
                raise

    def text(self):
        """The copy as JSON, without stock of the organization where the store's own counts."""
        own = {it["product_id"] for it in self.stocks.values() if it["store_id"]}
        seen = {key: it for key, it in self.stocks.items() if it["store_id"] or it["product_id"] not in own}
        return json.dumps(seen, indent=2, sort_keys=True)


def from_stock(stock):
    """The id and the copy of a stock, of an answer with `include=sequence`."""
    meta = stock["meta"]
    store_id = meta["owner"]["id"] if meta["owner"]["type"] == "store" else None
    return meta["stock_id"], entry(stock["id"], store_id, stock["attributes"], meta["sequence"])


def entry(product_id, store_id, figures, sequence):
    figures = {name: figures[name] for name in ("available", "allocated", "total")}
    return {"product_id": product_id, "store_id": store_id, **figures, "sequence": sequence}


def stop(number, _frame):
    signal.signal(number, signal.SIG_IGN)
    raise Stop


def main():
    parser = argparse.ArgumentParser(description="Keeps a copy of all stock that a key sees.")
    parser.add_argument("--once", action="store_true", help="end when it has caught up with the feed")
    parser.add_argument("--verbose", action="store_true", help="say how far it has come")
    arguments = parser.parse_args()
    names = ("STOCKROOM_URL", "STOCKROOM_CLIENT_ID", "STOCKROOM_CLIENT_SECRET")
    if missing := [name for name in names if not os.environ.get(name)]:
        parser.error(f"missing in the environment: {', '.join(missing)}")
    copy = Copy(Client(*(os.environ[name] for name in names)), arguments.verbose)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        while True:
            try:
                copy.read_all()
                copy.follow(arguments.once)
                break
            except StartAnew as reason:
                print(f"starting anew: {reason}", file=sys.stderr)
                time.sleep(1)
    except Stop:
        pass
    except Refused as refused:
        sys.exit(str(refused))
    print(copy.text())


if __name__ == "__main__":
    main()
