"""What both example programs share: options, the connection, and how a row is shown."""
import argparse
import logging
import os
import secrets
import sys

import psycopg2

HIDDEN_BYTES_SHOWN = 24


def from_environment(name, fallback):
    """Every option can be given in the environment, as EXAMPLE_ and its name."""
    return os.environ.get(f"EXAMPLE_{name.upper()}", fallback)


def option_parser(description):
    """Options that both programs have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", metavar="TEXT", help="value to protect and write")
    parser.add_argument("-p", "--print", action="store_true", help="print the rows of the table")
    add_option(parser, "--host", "127.0.0.1", "the database, or the connector")
    add_option(parser, "--port", "5432", "5432: the database; 9494: the connector")
    add_option(parser, "--db_name", "acra", "name of the database")
    add_option(parser, "--db_user", "test", "user of the database")
    password = from_environment("db_password", "test")
    parser.add_argument("--db_password", default=password, help="better in EXAMPLE_DB_PASSWORD")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is being done")
    return parser


def add_option(parser, flag, fallback, text):
    """A flag whose default comes from the environment."""
    default = from_environment(flag.removeprefix("--"), fallback)
    parser.add_argument(flag, default=default, help=f"{text} (%(default)s)")


def read_options(parser):
    """The options of this run; ends the program with its usage when there is nothing to do."""
    options = parser.parse_args()
    if options.data is None and not options.print:
        parser.print_usage(sys.stderr)
        sys.exit("error: --data or --print is needed")
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(message)s")
    return options


def connect(options):
    """A connection that commits every statement by itself."""
    logging.info("connecting to %s:%s", options.host, options.port)
    connection = psycopg2.connect(
        host=options.host,
        port=options.port,
        dbname=options.db_name,
        user=options.db_user,
        password=options.db_password,
    )
    connection.autocommit = True
    return connection


def read_file(path):
    """Bytes of a file, such as a public key."""
    logging.info("reading the public key %s", path)
    with open(path, "rb") as file:
        return file.read()


def random_id():
    """An id for a new row."""
    return 1 + secrets.randbelow(2**31 - 1)


def show(data):
    """Text when it is text; otherwise the beginning of the bytes as PostgreSQL writes them."""
    data = bytes(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return f"\\x{data[:HIDDEN_BYTES_SHOWN].hex()}… ({len(data)} bytes)"
