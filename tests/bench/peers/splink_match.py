"""Splink's whole job on the citizens of a made-up state: python3 splink_match.py FLAT.csv OUT

Reads the flat list, trains, compares, joins, and writes OUT/clusters.csv (source, id, cluster: one line a row, as
`kanak match` writes it) and OUT/report.json. With `--truth` it also says what pair F1 the best threshold would give, chosen
with the truth at hand, which nobody has in earnest.
"""

import argparse
import json
import logging
import time
from pathlib import Path

import duckdb
import splink
from splink import DuckDBAPI, Linker

import splink_settings


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("flat", type=Path, help="truth/citizen_flat.csv of a made-up state")
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, help="threads of DuckDB [default: all]")
    parser.add_argument("--threshold", type=float, default=splink_settings.THRESHOLD)
    parser.add_argument("--plain", action="store_true", help="one comparison of the library for each column")
    parser.add_argument("--helped", action="store_true", help="with names by sound, to see what is in the data")
    parser.add_argument("--truth", type=Path, help="truth/citizen.csv, to find the best threshold")
    return parser.parse_args()


class Stages:
    """Seconds of each stage."""

    def __init__(self):
        self.begun, self.seconds = time.perf_counter(), {}

    def end(self, name):
        now = time.perf_counter()
        self.seconds[name], self.begun = round(now - self.begun, 2), now


def main():
    args = arguments()
    logging.getLogger("splink").setLevel(logging.WARNING)
    args.out.mkdir(parents=True, exist_ok=True)
    stages = Stages()
    database = duckdb.connect()
    if args.threads:
        database.execute(f"SET threads = {args.threads}")
    splink_settings.clean(database, args.flat)
    if args.helped:
        rows = database.sql("FROM cleaned").df()
        splink_settings.help_names(rows)
        database.register("helped", rows)
    splink_settings.prepare(database, "helped" if args.helped else "cleaned")
    stages.end("read")
    settings = splink_settings.plain_settings() if args.plain else splink_settings.settings()
    api = DuckDBAPI(database)
    linker = Linker(api.register("citizens"), settings)
    splink_settings.train(linker)
    stages.end("train")
    blocked = linker.inference.compute_blocked_pairs_for_predict()
    compared = ask(database, f"SELECT count(*) FROM {blocked.physical_name}")
    stages.end("block")
    least = min(args.threshold, 0.01) if args.truth else args.threshold
    pairs = linker.inference.predict(threshold_match_probability=least)
    stages.end("compare")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=args.threshold)
    stages.end("join")
    file = str(args.out / "clusters.csv").replace("'", "''")
    database.execute(f"COPY (SELECT source, id, cluster_id AS cluster FROM {clusters.physical_name}) TO '{file}' (HEADER)")
    stages.end("write")
    rows = ask(database, "SELECT count(*) FROM citizens")
    report = {"splink": splink.__version__, "duckdb": duckdb.__version__, "rows": rows, "compared": compared,
              "threshold": args.threshold, "seconds": stages.seconds}
    if args.truth:
        report["best_threshold"] = best_threshold(database, pairs.physical_name, args.truth)
    (args.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def ask(database, sql):
    """The one value that a query gives."""
    return database.execute(sql).fetchall()[0][0]


def best_threshold(database, pairs, truth):
    """Pair F1 of the weighed pairs, none of them joined further, at the threshold that serves it best."""
    database.execute("CREATE TABLE truth AS SELECT source || ':' || id AS unique_id, entity FROM read_csv(?, all_varchar = true)",
                     [str(truth)])
    wanted = ask(database, "SELECT sum(n * (n - 1) // 2) FROM (SELECT count(*) AS n FROM truth JOIN citizens USING (unique_id) "
                           "GROUP BY entity)")
    best = database.execute(f"""
        WITH told AS (
            SELECT match_weight, match_probability, CAST(l.entity = r.entity AS INT) AS good
            FROM {pairs} AS p JOIN truth AS l ON p.unique_id_l = l.unique_id JOIN truth AS r ON p.unique_id_r = r.unique_id),
        counted AS (
            SELECT match_weight, match_probability, sum(good) OVER down AS found, count(*) OVER down AS told
            FROM told WINDOW down AS (ORDER BY match_weight DESC))
        SELECT 2 * found / ({wanted} + told) AS f1, found / told, found / {wanted}, match_weight, match_probability
        FROM counted ORDER BY f1 DESC LIMIT 1""").fetchone()
    names = ("f1", "precision", "recall", "match_weight", "match_probability")
    recall = ask(database, f"SELECT count(*) FROM {pairs} AS p JOIN truth AS l ON p.unique_id_l = l.unique_id "
                           "JOIN truth AS r ON p.unique_id_r = r.unique_id WHERE l.entity = r.entity")
    return {name: round(float(value), 6) for name, value in zip(names, best)} | {
        "true_pairs": int(wanted), "recall_of_weighed_pairs": round(recall / int(wanted), 4)}


if __name__ == "__main__":
    main()
