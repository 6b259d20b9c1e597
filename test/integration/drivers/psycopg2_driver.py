"""What psycopg2 reads through acra; prints OK or fails with a traceback.

Usage: psycopg2_driver.py DSN PLAINTEXT_HEX
The table people(id, name bytea, note text): 1 = an AcraStruct of the plaintext, 2 = NULL, 3 = empty.
"""
import io
import sys

import psycopg2

dsn, plaintext = sys.argv[1], bytes.fromhex(sys.argv[2])
connection = psycopg2.connect(dsn)
connection.autocommit = True
cursor = connection.cursor()

cursor.execute("select id, name, note from people order by id")
rows = [(i, None if n is None else bytes(n), t) for i, n, t in cursor.fetchall()]
assert rows == [(1, plaintext, "one"), (2, None, None), (3, b"", "")], rows

cursor.execute("prepare p as select name from people where id = $1")
cursor.execute("execute p(1)")
assert bytes(cursor.fetchone()[0]) == plaintext

connection.autocommit = False
named = connection.cursor("walk")
named.itersize = 1
named.execute("select name from people order by id")
assert [None if r[0] is None else bytes(r[0]) for r in named] == [plaintext, None, b""]
named.close()
connection.rollback()

cursor = connection.cursor()
cursor.execute("declare b binary cursor for select name from people where id = 1")
cursor.execute("fetch 1 from b")
cursor.fetchone()
connection.rollback()

out = io.StringIO()
cursor.copy_expert("copy (select id, note from people order by id) to stdout", out)
assert out.getvalue() == "1\tone\n2\t\\N\n3\t\n", out.getvalue()
cursor.execute("create temp table copied(id int, note text)")
cursor.copy_expert("copy copied from stdin", io.StringIO("1\ta\n2\tb\n"))
cursor.execute("select count(*) from copied")
assert cursor.fetchone() == (2,)

try:
    cursor.execute("select 1/0")
    raise AssertionError("no error came")
except psycopg2.errors.DivisionByZero:
    connection.rollback()

cursor.execute("listen news")
connection.commit()
cursor.execute("notify news, 'hello'")
connection.commit()
connection.poll()
assert [n.payload for n in connection.notifies] == ["hello"]
print("OK")
