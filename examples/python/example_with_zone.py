#!/usr/bin/env python3
"""Writes one value under the key of a zone, or prints the table. The server opens a value only when
the id of its zone stands before it in the row. README.md beside this file tells the steps.
"""
import base64
import json
import logging
import sys
import urllib.request
from http.client import HTTPException

from acrawriter import create_acrastruct
from example_common import (
    add_option,
    connect,
    option_parser,
    random_id,
    read_file,
    read_options,
    show,
)

ZONE_API = "http://127.0.0.1:9191"
ANSWER_LIMIT = 65536
TIMEOUT_SECONDS = 10


def main():
    options = read_zone_options()
    connection = connect(options)
    try:
        with connection.cursor() as cursor:
            create_table(cursor)
            if options.data is not None:
                zone_id, public_key = choose_zone(options)
                write_row(cursor, options.data, zone_id, public_key)
            if options.print:
                print_rows(cursor, options.zone_id)
    finally:
        connection.close()


def read_zone_options():
    parser = option_parser(__doc__)
    parser.add_argument("--zone_id", help="zone to read; with --public_key the zone to write")
    parser.add_argument("--public_key", help="public key of the zone; without it: a new zone")
    add_option(parser, "--zone_api", ZONE_API, "the HTTP API, through the connector")
    options = read_options(parser)
    if options.data is not None and (options.zone_id is None) != (options.public_key is None):
        sys.exit("error: to write into a zone that exists, give both --zone_id and --public_key")
    return options


def choose_zone(options):
    """Id and public key of the zone to write into: the one that was named, or a new one."""
    if options.public_key is not None:
        return options.zone_id, read_file(options.public_key)
    return get_new_zone(options.zone_api)


def get_new_zone(api):
    """Asks the server for a new zone; answers its id and its public key."""
    url = f"{api.rstrip('/')}/getNewZone"
    logging.info("asking %s for a zone", url)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=TIMEOUT_SECONDS) as answer:
            zone = json.loads(answer.read(ANSWER_LIMIT))
        return zone["id"], base64.b64decode(zone["public_key"])
    except (OSError, HTTPException, ValueError, KeyError) as error:
        sys.exit(f"error: no zone came from {url}: {error}")


def create_table(cursor):
    cursor.execute(
        """CREATE TABLE IF NOT EXISTS test_example_with_zone
             (id INTEGER PRIMARY KEY, zone BYTEA, data BYTEA, raw_data TEXT)"""
    )


def write_row(cursor, text, zone_id, public_key):
    row_id = random_id()
    context = zone_id.encode("ascii")
    data = create_acrastruct(text.encode(), public_key, context)
    cursor.execute(
        "INSERT INTO test_example_with_zone (id, zone, data, raw_data) VALUES (%s, %s, %s, %s)",
        (row_id, context, data, text),
    )
    print(f"wrote row {row_id}: {len(data)} protected bytes in zone {zone_id}")


def print_rows(cursor, zone_id):
    """Prints all rows. Only `zone_id` is named before the data; the row's own zone stands last."""
    if zone_id is None:
        named, values = "NULL::bytea", ()
    else:
        named, values = "%s::bytea", (zone_id.encode(),)
    cursor.execute(
        f"SELECT {named}, id, data, raw_data, zone FROM test_example_with_zone ORDER BY id",
        values,
    )
    print("id | zone | data | raw_data")
    for _, row_id, data, raw_data, zone in cursor:
        print(f"{row_id} | {show(zone)} | {show(data)} | {raw_data}")


if __name__ == "__main__":
    main()
