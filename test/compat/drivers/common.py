"""What the driver programs in Python share: cases in, one JSON line a case out."""
import hashlib
import json
import os
import re
import sys
import threading

LONGEST = 200

SETTINGS = {
    "host": os.environ["COMPAT_HOST"],
    "port": int(os.environ["COMPAT_PORT"]),
    "user": os.environ["COMPAT_USER"],
    "password": os.environ["COMPAT_PASSWORD"],
}
DATABASE = os.environ["COMPAT_DATABASE"]
SSLMODE = os.environ["COMPAT_SSLMODE"]
SSLROOTCERT = os.environ["COMPAT_SSLROOTCERT"]

# Asks the database itself: the answer is the same where acra mirrors the client.
TLS_QUERY = (
    "select case when ssl then 'tls is on' else 'tls is off' end as tls "
    "from pg_stat_ssl where pid = pg_backend_pid()"
)

LIBPQ_ERROR_FIELDS = (
    "severity", "severity_nonlocalized", "sqlstate", "message_primary", "message_detail",
    "message_hint", "statement_position", "context", "schema_name", "table_name", "column_name",
    "datatype_name", "constraint_name", "source_function",
)


def canonical(value):
    """A value as text; long ones as their hash."""
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        text = "\\x" + bytes(value).hex()
    elif isinstance(value, str):
        text = value
    elif isinstance(value, list):
        # The repr() of a memoryview tells where it lies.
        text = str([canonical(one) for one in value])
    else:
        text = repr(value)
    if len(text) <= LONGEST:
        return text
    return "sha256:%s:%d" % (hashlib.sha256(text.encode()).hexdigest(), len(text))


def parameter(value):
    """A parameter of a case as Python has it."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"]) * value.get("times", 1)
    return value


def parameters(step):
    return [parameter(value) for value in step.get("params", [])]


def percent_style(sql):
    """The places of parameters as the DB-API writes them; each is used in its order."""
    return re.sub(r"\$\d+", "%s", sql.replace("%", "%%"))


def in_order(step):
    """Parameters for `percent_style`: one for each place."""
    values = parameters(step)
    return [values[int(place) - 1] for place in re.findall(r"\$(\d+)", step["sql"])]


def show_cursor(cursor, rows=None):
    """What a cursor of the DB-API holds after execute()."""
    if cursor.description is None:
        return {"count": cursor.rowcount}
    rows = cursor.fetchall() if rows is None else rows
    return {
        "count": cursor.rowcount,
        "columns": ["%s:%s" % (column[0], column[1]) for column in cursor.description],
        "rows": [[canonical(value) for value in row] for row in rows],
    }


def libpq_error(error):
    """The fields that libpq knows of an error of psycopg."""
    diag = getattr(error, "diag", None)
    fields = {name: getattr(diag, name, None) for name in LIBPQ_ERROR_FIELDS}
    known = {name: value for name, value in fields.items() if value is not None}
    return {"class": type(error).__name__, **(known or {"text": str(error)})}


def copy_text(step):
    return "".join("\t".join(row) + "\n" for row in step["rows"])


def copy_command(step):
    return "copy %s(%s) from stdin" % (step["table"], ",".join(step["columns"]))


class repeated:
    """Repeats a call until the block ends: the first cancel may come before the query began."""

    def __init__(self, call):
        self.call, self.ended = call, threading.Event()
        self.thread = threading.Thread(target=self.repeat)

    def repeat(self):
        while not self.ended.wait(0.3):
            self.call()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def attempt(work, describe):
    try:
        return work()
    except Exception as error:  # Whatever comes is the answer.
        return {"error": describe(error)}


def run_steps(driver, steps):
    try:
        session = driver.connect()
    except Exception as error:
        return [{"connect": driver.describe(error)}]
    answers = []
    for step in steps:
        perform = getattr(session, step["op"])
        answers.append(attempt(lambda: perform(step), driver.describe))
    attempt(session.close, driver.describe)
    return answers


def emit(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def run_driver(driver):
    """Runs the cases of the file that the command line names.

    A driver has a version, connect(), describe(error) and cannot(step); a session has a method for
    each kind of step.
    """
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    emit({"version": driver.version})
    for case in cases:
        reasons = [reason for reason in map(driver.cannot, case["steps"]) if reason]
        if reasons:
            emit({"case": case["id"], "cannot": reasons[0]})
        else:
            emit({"case": case["id"], "answers": run_steps(driver, case["steps"])})
