#!/usr/bin/env python3
"""Writes one protected value straight into PostgreSQL, or prints the table as the database or as
the connector of Acra shows it. README.md beside this file tells the steps.
"""
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

DEFAULT_KEY = ".acrakeys/acra-writer/testclientid_storage.pub"


def main():
    parser = option_parser(__doc__)
    add_option(parser, "--public_key", DEFAULT_KEY, "public storage key")
    options = read_options(parser)
    connection = connect(options)
    try:
        with connection.cursor() as cursor:
            create_table(cursor)
            if options.data is not None:
                write_row(cursor, options.data, read_file(options.public_key))
            if options.print:
                print_rows(cursor)
    finally:
        connection.close()


def create_table(cursor):
    cursor.execute(
        """CREATE TABLE IF NOT EXISTS test_example_without_zone
             (id INTEGER PRIMARY KEY, data BYTEA, raw_data TEXT)"""
    )


def write_row(cursor, text, public_key):
    row_id = random_id()
    data = create_acrastruct(text.encode(), public_key)
    cursor.execute(
        "INSERT INTO test_example_without_zone (id, data, raw_data) VALUES (%s, %s, %s)",
        (row_id, data, text),
    )
    print(f"wrote row {row_id}: {len(data)} protected bytes")


def print_rows(cursor):
    cursor.execute("SELECT id, data, raw_data FROM test_example_without_zone ORDER BY id")
    print("id | data | raw_data")
    for row_id, data, raw_data in cursor:
        print(f"{row_id} | {show(data)} | {raw_data}")


if __name__ == "__main__":
    main()
