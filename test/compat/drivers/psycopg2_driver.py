"""psycopg2: simple queries with their parameters written into them, text results."""
import io
import select

import psycopg2
import psycopg2.extensions

import common


def connect(sslmode=common.SSLMODE, password=None, database=None):
    settings = dict(common.SETTINGS, dbname=database or common.DATABASE, sslmode=sslmode)
    settings["password"] = password or settings["password"]
    connection = psycopg2.connect(sslrootcert=common.SSLROOTCERT, **settings)
    connection.autocommit = True
    return connection


def ask(connection, sql):
    cursor = connection.cursor()
    cursor.execute(sql)
    answer = common.show_cursor(cursor)
    connection.close()
    return answer


class Session:
    def __init__(self):
        self.connection = connect()

    def close(self):
        self.connection.close()

    def query(self, step):
        cursor = self.connection.cursor()
        if "params" in step:
            cursor.execute(common.percent_style(step["sql"]), common.in_order(step))
        else:
            cursor.execute(step["sql"])
        return common.show_cursor(cursor)

    def statements(self, step):
        # It keeps the last result.
        parts = step["sql"].rsplit("; deallocate", 1)
        return self.query({"sql": parts[0]})

    def parts(self, step):
        self.connection.autocommit = False
        cursor = self.connection.cursor("walk")
        cursor.itersize = step["fetch"]
        cursor.execute(step["sql"])
        rows = []
        for row in cursor:
            rows.append(row)
            if len(rows) == step.get("stop"):
                break
        cursor.close()
        self.connection.commit()
        self.connection.autocommit = True
        return [[common.canonical(value) for value in row] for row in rows]

    def copy_out(self, step):
        out = io.StringIO()
        self.connection.cursor().copy_expert(step["sql"], out)
        return out.getvalue()

    def copy_in(self, step):
        text = io.StringIO(common.copy_text(step))
        cursor = self.connection.cursor()
        cursor.copy_expert(common.copy_command(step), text)
        return cursor.rowcount

    def copy_through(self, step):
        data = io.BytesIO()
        cursor = self.connection.cursor()
        cursor.copy_expert(step["out"], data)
        data.seek(0)
        cursor.copy_expert(step["into"], data)
        return data.getvalue().hex()

    def listen(self, step):
        self.query({"sql": "listen " + step["channel"]})
        other = connect()
        other.cursor().execute("select pg_notify(%s, %s)", [step["channel"], step["payload"]])
        other.close()
        select.select([self.connection], [], [], 10)
        self.connection.poll()
        return [[notify.channel, notify.payload] for notify in self.connection.notifies]

    def cancel(self, step):
        with common.repeated(self.connection.cancel):
            return self.query(step)

    def notices(self, step):
        self.connection.notices.clear()
        self.query(step)
        return list(self.connection.notices)

    def large_object(self, step):
        self.connection.autocommit = False
        made = self.connection.lobject(0, "wb")
        made.write(bytes.fromhex(step["hex"]) * step["times"])
        made.close()
        read = self.connection.lobject(made.oid, "rb")
        read.seek(7)
        answer = [common.canonical(read.read(100_000)), read.tell(), read.seek(0, 2)]
        read.unlink()
        self.connection.commit()
        self.connection.autocommit = True
        return answer

    def login(self, step):
        return ask(connect(password=step.get("password"), database=step.get("database")), "select 1")

    def tls(self, step):
        return ask(connect(sslmode=step["mode"]), common.TLS_QUERY)


class Driver:
    version = psycopg2.__version__.split()[0]
    connect = Session
    describe = staticmethod(common.libpq_error)

    @staticmethod
    def cannot(step):
        if step["op"] == "pipeline":
            return "waits for every answer"
        if step.get("format") == "binary":
            return "reads text results only"
        if "protocol" in step:
            return "sends simple queries only"
        return None


if __name__ == "__main__":
    common.run_driver(Driver)
