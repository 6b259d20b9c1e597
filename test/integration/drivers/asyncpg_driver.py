"""What asyncpg (binary results, extended protocol) reads through acra; prints OK or fails.

Usage: asyncpg_driver.py DSN PLAINTEXT_HEX
"""
import asyncio
import io
import sys

import asyncpg

dsn, plaintext = sys.argv[1], bytes.fromhex(sys.argv[2])


async def main():
    connection = await asyncpg.connect(dsn, ssl="prefer")
    rows = await connection.fetch("select id, name, note from people order by id")
    assert [tuple(r) for r in rows] == [(1, plaintext, "one"), (2, None, None), (3, b"", "")]

    statement = await connection.prepare("select name from people where id = $1")
    for _ in range(3):
        assert await statement.fetchval(1) == plaintext
        assert await statement.fetchval(2) is None

    async with connection.transaction():
        walked = [r["name"] async for r in connection.cursor("select name from people order by id", prefetch=1)]
        assert walked == [plaintext, None, b""], walked

    await connection.execute("create temp table t(id int, note text)")
    await connection.executemany("insert into t values($1, $2)", [(i, str(i)) for i in range(500)])
    assert await connection.fetchval("select count(*) from t") == 500
    await connection.copy_records_to_table("t", records=[(1000, "copied")])
    out = io.BytesIO()
    await connection.copy_from_query("select id from t where id >= 1000", output=out)
    assert out.getvalue() == b"1000\n", out.getvalue()

    heard = asyncio.get_running_loop().create_future()
    await connection.add_listener("news", lambda *args: heard.set_result(args[3]))
    await connection.execute("notify news, 'hello'")
    assert await asyncio.wait_for(heard, 5) == "hello"

    try:
        await connection.fetch("select pg_sleep(30)", timeout=0.3)
        raise AssertionError("the query was not cancelled")
    except asyncio.TimeoutError:
        pass
    assert await connection.fetchval("select name from people where id = 1") == plaintext

    try:
        await connection.fetchval("select 1/0")
        raise AssertionError("no error came")
    except asyncpg.DivisionByZeroError:
        pass
    big = await connection.fetchval("select name from people_big where id = 1")
    assert len(big) == 20 * 1024 * 1024 and big[:4] == b"big!", (len(big), big[:4])
    await connection.close()
    print("OK")


asyncio.run(main())
