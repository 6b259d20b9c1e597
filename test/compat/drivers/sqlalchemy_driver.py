"""SQLAlchemy over psycopg2: its engine, its core with tables, its sessions with objects."""
import psycopg2
import sqlalchemy
from sqlalchemy import Column, Integer, LargeBinary, Text
from sqlalchemy.orm import declarative_base, sessionmaker
from sqlalchemy.pool import NullPool

import common

Base = declarative_base()


class Person(Base):
    __tablename__ = "people"
    id = Column(Integer, primary_key=True)
    name = Column(LargeBinary)
    note = Column(Text)


def make_engine(sslmode=common.SSLMODE, password=None, database=None):
    url = sqlalchemy.engine.URL.create(
        "postgresql+psycopg2",
        username=common.SETTINGS["user"],
        password=password or common.SETTINGS["password"],
        host=common.SETTINGS["host"],
        port=common.SETTINGS["port"],
        database=database or common.DATABASE,
        query={"sslmode": sslmode, "sslrootcert": common.SSLROOTCERT},
    )
    return sqlalchemy.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


def show(result):
    answer = {"count": result.rowcount}
    if result.returns_rows:
        answer["columns"] = list(result.keys())
        answer["rows"] = [[common.canonical(value) for value in row] for row in result]
    return answer


def ask(engine, sql):
    with engine.connect() as connection:
        return show(connection.exec_driver_sql(sql))


class Session:
    def __init__(self):
        self.engine = make_engine()
        self.connection = self.engine.connect()

    def close(self):
        self.connection.close()

    def query(self, step):
        if "params" in step:
            values = tuple(common.in_order(step))
            return show(self.connection.exec_driver_sql(common.percent_style(step["sql"]), values))
        answer = show(self.connection.exec_driver_sql(step["sql"].replace("%", "%%")))
        if step["sql"].startswith("select id, name, note from people"):
            return [answer, self.objects()]
        return answer

    def objects(self):
        """The same rows as objects."""
        with sessionmaker(self.engine)() as session:
            people = session.query(Person).order_by(Person.id).all()
            return [[common.canonical(v) for v in (p.id, p.name, p.note)] for p in people]

    def statements(self, step):
        return self.query({"sql": step["sql"].rsplit("; deallocate", 1)[0]})

    def parts(self, step):
        with self.engine.connect() as connection:
            connection = connection.execution_options(
                isolation_level="READ COMMITTED", stream_results=True, max_row_buffer=step["fetch"]
            )
            rows = []
            for row in connection.exec_driver_sql(step["sql"]):
                rows.append([common.canonical(value) for value in row])
                if len(rows) == step.get("stop"):
                    break
            return rows

    def large_object(self, step):
        data = bytes.fromhex(step["hex"]) * step["times"]
        execute = self.connection.exec_driver_sql
        oid = execute("select lo_from_bytea(0, %s)", (data,)).scalar()
        answer = show(execute("select lo_get(%s, 7, 100000), md5(lo_get(%s))", (oid, oid)))
        execute("select lo_unlink(%s)", (oid,))
        return answer

    def login(self, step):
        return ask(make_engine(password=step.get("password"), database=step.get("database")), "select 1")

    def tls(self, step):
        return ask(make_engine(sslmode=step["mode"]), common.TLS_QUERY)


def describe(error):
    return common.libpq_error(getattr(error, "orig", None) or error)


class Driver:
    version = "%s (psycopg2 %s)" % (sqlalchemy.__version__, psycopg2.__version__.split()[0])
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
