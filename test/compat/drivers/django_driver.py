"""Django over psycopg2: its connections, its models, its transactions."""
import django
import psycopg2
from django.conf import settings
from django.db import connections, models

import common


def database(sslmode=common.SSLMODE, password=None, name=None):
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": common.SETTINGS["host"],
        "PORT": common.SETTINGS["port"],
        "USER": common.SETTINGS["user"],
        "PASSWORD": password or common.SETTINGS["password"],
        "NAME": name or common.DATABASE,
        "OPTIONS": {"sslmode": sslmode, "sslrootcert": common.SSLROOTCERT},
    }


MODES = ("disable", "prefer", "require", "verify-full")
settings.configure(
    DATABASES={
        "default": database(),
        "wrong_password": database(password="wrong"),
        "unknown_database": database(name="nowhere"),
        **{mode: database(sslmode=mode) for mode in MODES},
    },
    USE_TZ=True,
    TIME_ZONE="UTC",
)
django.setup()


class Person(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.BinaryField(null=True)
    note = models.TextField(null=True)

    class Meta:
        app_label = "compat"
        db_table = "people"


def ask(alias, sql):
    with connections[alias].cursor() as cursor:
        cursor.execute(sql)
        answer = common.show_cursor(cursor)
    connections[alias].close()
    return answer


def show_people(people):
    return [[common.canonical(value) for value in (p.id, p.name, p.note)] for p in people]


class Session:
    def __init__(self):
        self.connection = connections["default"]
        self.connection.ensure_connection()

    def close(self):
        self.connection.close()

    def query(self, step):
        with self.connection.cursor() as cursor:
            if "params" in step:
                cursor.execute(common.percent_style(step["sql"]), common.in_order(step))
            else:
                cursor.execute(step["sql"])
            answer = common.show_cursor(cursor)
        if step["sql"].startswith("select id, name, note from people"):
            # The same rows as objects.
            return [answer, show_people(Person.objects.order_by("id"))]
        return answer

    def statements(self, step):
        return self.query({"sql": step["sql"].rsplit("; deallocate", 1)[0]})

    def parts(self, step):
        if "people" in step["sql"]:
            people = Person.objects.order_by("id").iterator(chunk_size=step["fetch"])
            return show_people(people)
        rows = []
        with self.connection.chunked_cursor() as cursor:
            cursor.itersize = step["fetch"]
            cursor.execute(step["sql"])
            for row in cursor:
                rows.append([common.canonical(value) for value in row])
                if len(rows) == step.get("stop"):
                    break
        return rows

    def large_object(self, step):
        data = bytes.fromhex(step["hex"]) * step["times"]
        with self.connection.cursor() as cursor:
            cursor.execute("select lo_from_bytea(0, %s)", [data])
            (oid,) = cursor.fetchone()
            cursor.execute("select lo_get(%s, 7, 100000), md5(lo_get(%s))", [oid, oid])
            answer = common.show_cursor(cursor)
            cursor.execute("select lo_unlink(%s)", [oid])
        return answer

    def login(self, step):
        return ask("wrong_password" if "password" in step else "unknown_database", "select 1")

    def tls(self, step):
        return ask(step["mode"], common.TLS_QUERY)


def describe(error):
    return common.libpq_error(error.__cause__ or error)


class Driver:
    version = "%s (psycopg2 %s)" % (django.get_version(), psycopg2.__version__.split()[0])
    connect = Session
    describe = staticmethod(describe)

    @staticmethod
    def cannot(step):
        if not hasattr(Session, step["op"]):
            return "leaves this to its driver psycopg2"
        if step.get("format") == "binary":
            return "reads text results only (psycopg2)"
        if "protocol" in step:
            return "sends simple queries only (psycopg2)"
        return None


if __name__ == "__main__":
    common.run_driver(Driver)
