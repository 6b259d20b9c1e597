"""psycopg 3: extended protocol, text and binary results, pipelines."""
import psycopg
from psycopg import pq

import common


def connect(sslmode=common.SSLMODE, password=None, database=None):
    settings = dict(common.SETTINGS, dbname=database or common.DATABASE, sslmode=sslmode)
    settings["password"] = password or settings["password"]
    return psycopg.connect(sslrootcert=common.SSLROOTCERT, autocommit=True, **settings)


def show(cursor):
    answer = common.show_cursor(cursor)
    answer["format"] = cursor.pgresult.fformat(0) if answer.get("columns") else None
    answer["status"] = cursor.statusmessage
    return answer


def ask(connection, sql):
    with connection:
        return show(connection.execute(sql))


class Session:
    def __init__(self):
        self.connection = connect()

    def close(self):
        self.connection.close()

    def query(self, step):
        answers = []
        for _ in range(step.get("times", 1)):
            # Parameters make it extended.
            values = common.in_order(step) if "params" in step else None
            sql = common.percent_style(step["sql"]) if values is not None else step["sql"]
            prepare = step.get("protocol") == "prepared"
            with self.connection.cursor(binary=step.get("format") == "binary") as cursor:
                cursor.execute(sql, values, prepare=prepare)
                answers.append(show(cursor))
        return answers if len(answers) > 1 else answers[0]

    def statements(self, step):
        cursor = self.connection.execute(step["sql"])
        answers = [show(cursor)]
        while cursor.nextset():
            answers.append(show(cursor))
        return answers

    def pipeline(self, step):
        cursors, errors = [], []
        try:
            with self.connection.pipeline() as pipeline:
                for sql in step["queries"]:
                    cursor = self.connection.cursor()
                    cursor.execute(sql)
                    cursors.append(cursor)
                    pipeline.sync()
        except psycopg.Error as error:
            errors.append(common.libpq_error(error))
        return [common.attempt(lambda: show(cursor), common.libpq_error) for cursor in cursors] + errors

    def parts(self, step):
        rows = []
        with self.connection.transaction():
            with self.connection.cursor("walk", binary=True) as cursor:
                cursor.itersize = step["fetch"]
                cursor.execute(step["sql"])
                for row in cursor:
                    rows.append([common.canonical(value) for value in row])
                    if len(rows) == step.get("stop"):
                        break
        return rows

    def copy_out(self, step):
        with self.connection.cursor().copy(step["sql"]) as copy:
            return b"".join(bytes(piece) for piece in copy).decode()

    def copy_in(self, step):
        with self.connection.cursor() as cursor:
            with cursor.copy(common.copy_command(step)) as copy:
                for row in step["rows"]:
                    copy.write_row(row)
            return cursor.rowcount

    def copy_through(self, step):
        cursor = self.connection.cursor()
        with cursor.copy(step["out"]) as copy:
            pieces = [bytes(piece) for piece in copy]
        with cursor.copy(step["into"]) as copy:
            for piece in pieces:
                copy.write(piece)
        return b"".join(pieces).hex()

    def listen(self, step):
        self.connection.execute("listen " + step["channel"])
        with connect() as other:
            other.execute("select pg_notify(%s, %s)", [step["channel"], step["payload"]])
        for notify in self.connection.notifies():
            return [notify.channel, notify.payload]

    def cancel(self, step):
        with common.repeated(self.connection.cancel):
            return self.query(step)

    def notices(self, step):
        heard = []

        def hear(diag):
            heard.append([diag.severity, diag.sqlstate, diag.message_primary, diag.message_hint])

        self.connection.add_notice_handler(hear)
        self.query(step)
        self.connection.remove_notice_handler(hear)
        return heard

    def large_object(self, step):
        data = bytes.fromhex(step["hex"]) * step["times"]
        execute = self.connection.execute
        (oid,) = execute("select lo_from_bytea(0, %b)", [data]).fetchone()
        read = execute("select lo_get(%s, 7, 100000), md5(lo_get(%s))", [oid, oid], binary=True)
        answer = show(read)
        execute("select lo_unlink(%s)", [oid])
        return answer

    def login(self, step):
        return ask(connect(password=step.get("password"), database=step.get("database")), "select 1")

    def tls(self, step):
        return ask(connect(sslmode=step["mode"]), common.TLS_QUERY)


class Driver:
    version = psycopg.__version__
    connect = Session
    describe = staticmethod(common.libpq_error)

    @staticmethod
    def cannot(step):
        if step["op"] == "pipeline" and pq.version() < 140000:
            return "needs libpq 14 for pipelines"
        return None


if __name__ == "__main__":
    common.run_driver(Driver)
