"""DuckDB on the Parquet files of a warehouse release, for `kanak bench warehouse --peer PYTHON SCRIPT`.

Reads one JSON document: `tables` (name to files), `statements` (SQL) and `runs`. Answers with one: `name` of the engine and, for each
statement in order, `ms` of each run (after one that is not counted) and its `rows`. Columns are fetched as Arrow tables, as Kanak's are.
"""

import datetime
import json
import sys
import time

import duckdb


def cell(value):
    """A value as Kanak's JSON writes it: days as `2026-03-31`."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a statement answers with a {type(value).__name__}, which has no place in JSON: {value!r}")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def main():
    question = json.load(sys.stdin)
    engine = duckdb.connect()
    for name, files in question["tables"].items():
        listed = ", ".join(quoted(file) for file in files)
        engine.execute(f'CREATE VIEW "{name}" AS SELECT * FROM read_parquet([{listed}])')
    answers = []
    for statement in question["statements"]:
        rows = [[cell(value) for value in row] for row in engine.execute(statement).fetchall()]
        waited = []
        for _ in range(question["runs"]):
            begin = time.perf_counter()
            engine.sql(statement).to_arrow_table()
            waited.append((time.perf_counter() - begin) * 1000)
        answers.append({"ms": waited, "rows": rows})
    json.dump({"name": f"duckdb {duckdb.__version__}", "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
