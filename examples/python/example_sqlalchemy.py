#!/usr/bin/env python3
"""The same with SQLAlchemy: writes one protected row through an object, or prints the table as the
database or as the connector of Acra shows it. README.md beside this file tells the steps.
"""
from acrawriter.sqlalchemy import AcraBinary, AcraString
from example_common import add_option, option_parser, read_file, read_options, show
from sqlalchemy import Column, Integer, Text, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session, declarative_base

DEFAULT_KEY = ".acrakeys/acra-writer/testclientid_storage.pub"
HIDDEN_CHARACTERS_SHOWN = 16


def main():
    parser = option_parser(__doc__)
    add_option(parser, "--public_key", DEFAULT_KEY, "public storage key")
    options = read_options(parser)
    Base = declarative_base()
    Row = make_model(Base, read_file(options.public_key))
    engine = create_engine(database_url(options))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        if options.data is not None:
            session.add(Row(text=options.data, data=options.data.encode(), raw_data=options.data))
            session.commit()
            print("wrote a row")
        if options.print:
            print_rows(session, Row)


def make_model(Base, public_key):
    """The model, once the key is known; a program with one key reads it first of all."""

    class Row(Base):
        __tablename__ = "test_example_sqlalchemy"
        id = Column(Integer, primary_key=True)
        text = Column(AcraString(public_key))
        data = Column(AcraBinary(public_key))
        raw_data = Column(Text)

    return Row


def database_url(options):
    return URL.create(
        "postgresql+psycopg2",
        username=options.db_user,
        password=options.db_password,
        host=options.host,
        port=int(options.port),
        database=options.db_name,
    )


def print_rows(session, Row):
    print("id | text | data | raw_data")
    for row in session.query(Row).order_by(Row.id):
        print(f"{row.id} | {show_text(row.text)} | {show(row.data)} | {row.raw_data}")


def show_text(text):
    """Text that nobody opened is full of control characters."""
    return text if text.isprintable() else f"{text[:HIDDEN_CHARACTERS_SHOWN]!r}…"


if __name__ == "__main__":
    main()
