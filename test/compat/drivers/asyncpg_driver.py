"""asyncpg: extended protocol and binary results; text where codecs are set for it."""
import asyncio
import ssl

import asyncpg

import common

# Types whose values can be asked for as text.
SCALARS = (
    "int2 int4 int8 float4 float8 numeric bool text varchar bpchar char date time timetz "
    "timestamp timestamptz interval bytea bit json jsonb uuid inet"
).split()

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)


def tls_settings(sslmode):
    if sslmode == "disable":
        return False
    if sslmode == "verify-full":
        return ssl.create_default_context(cafile=common.SSLROOTCERT)
    return sslmode


async def connect(sslmode=common.SSLMODE, password=None, database=None):
    settings = dict(common.SETTINGS, database=database or common.DATABASE)
    settings["password"] = password or settings["password"]
    return await asyncpg.connect(ssl=tls_settings(sslmode), **settings)


def show_record(record):
    return [common.canonical(value) for value in record.values()]


def describe(error):
    if isinstance(error, asyncpg.PostgresError):
        known = {k: v for k, v in error.as_dict().items() if v is not None}
        return {"class": type(error).__name__, **known}
    return {"class": type(error).__name__, "text": str(error)}


async def ask(connection, sql):
    rows = await connection.fetch(sql)
    await connection.close()
    return [show_record(row) for row in rows]


class AsyncSession:
    def __init__(self, connection):
        self.connection = connection

    async def close(self):
        await self.connection.close(timeout=5)

    async def read_as_text(self):
        for name in SCALARS:
            await self.connection.set_type_codec(
                name, schema="pg_catalog", encoder=str, decoder=str, format="text"
            )

    async def query(self, step):
        if step.get("format") == "text":
            await self.read_as_text()
        statement = await self.connection.prepare(step["sql"])
        answers = []
        for _ in range(step.get("times", 1)):
            rows = await statement.fetch(*common.parameters(step))
            answers.append({
                "status": statement.get_statusmsg(),
                "columns": ["%s:%s" % (a.name, a.type.name) for a in statement.get_attributes()],
                "rows": [show_record(row) for row in rows],
            })
        return answers

    async def parts(self, step):
        rows = []
        async with self.connection.transaction():
            async for row in self.connection.cursor(step["sql"], prefetch=step["fetch"]):
                rows.append(show_record(row))
                if len(rows) == step.get("stop"):
                    break
        return rows

    async def copy_out(self, step):
        # It writes the command around the query.
        query, options = step["sql"].removeprefix("copy (").rsplit(") to stdout", 1)
        pieces = []

        async def keep(piece):
            pieces.append(bytes(piece))

        csv = {"format": "csv", "header": True} if "csv" in options else {}
        status = await self.connection.copy_from_query(query, output=keep, **csv)
        return [status, b"".join(pieces).decode()]

    async def copy_in(self, step):
        text = common.copy_text(step).encode()

        async def pieces():
            yield text

        return await self.connection.copy_to_table(
            step["table"], source=pieces(), columns=step["columns"]
        )

    async def copy_through(self, step):
        query = step["out"].removeprefix("copy (").rsplit(") to stdout", 1)[0]
        table = step["into"].split()[1]
        pieces = []

        async def keep(piece):
            pieces.append(bytes(piece))

        async def again():
            for piece in pieces:
                yield piece

        await self.connection.copy_from_query(query, output=keep, format="binary")
        status = await self.connection.copy_to_table(table, source=again(), format="binary")
        return [status, b"".join(pieces).hex()]

    async def listen(self, step):
        heard = loop.create_future()

        def hear(_connection, _pid, channel, payload):
            heard.set_result([channel, payload])

        await self.connection.add_listener(step["channel"], hear)
        other = await connect()
        await other.execute("select pg_notify($1, $2)", step["channel"], step["payload"])
        await other.close()
        answer = await asyncio.wait_for(heard, 10)
        await self.connection.remove_listener(step["channel"], hear)
        return answer

    async def cancel(self, step):
        # The time limit sends a cancel request. Only when that came to its query is the connection
        # free before the query would have ended by itself.
        try:
            return await self.connection.fetch(step["sql"], timeout=0.5)
        except asyncio.TimeoutError:
            await asyncio.wait_for(self.connection.fetch("select 1"), 10)
            return "canceling statement due to user request"

    async def notices(self, step):
        heard = []

        def hear(_connection, message):
            heard.append([message.severity, message.sqlstate, message.message, message.hint])

        self.connection.add_log_listener(hear)
        await self.connection.execute(step["sql"])
        await self.connection.fetch("select 1")
        self.connection.remove_log_listener(hear)
        return heard

    async def large_object(self, step):
        data = bytes.fromhex(step["hex"]) * step["times"]
        oid = await self.connection.fetchval("select lo_from_bytea(0, $1)", data)
        row = await self.connection.fetchrow(
            "select lo_get($1, 7, 100000), md5(lo_get($1))", oid
        )
        await self.connection.execute("select lo_unlink(%d)" % oid)
        return show_record(row)

    async def login(self, step):
        login = {"password": step.get("password"), "database": step.get("database")}
        return await ask(await connect(**login), "select 1")

    async def tls(self, step):
        return await ask(await connect(sslmode=step["mode"]), common.TLS_QUERY)


class Session:
    """The same, one step after the other."""

    def __init__(self):
        self.session = AsyncSession(loop.run_until_complete(connect()))

    def __getattr__(self, name):
        method = getattr(self.session, name)
        return lambda *step: loop.run_until_complete(method(*step))


class Driver:
    version = asyncpg.__version__
    connect = Session
    describe = staticmethod(describe)

    @staticmethod
    def cannot(step):
        if step["op"] == "statements":
            return "hands out no rows of several statements"
        if step["op"] == "pipeline":
            return "waits for every answer"
        if step.get("format") == "text" and "structured" in step["sql"]:
            return "reads ranges in binary only"
        return None


if __name__ == "__main__":
    common.run_driver(Driver)
