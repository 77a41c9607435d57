"""Pair precision, recall and F1 of a clustering: python3 score.py CLUSTERS.csv TRUTH.csv

CLUSTERS.csv has the columns source, id and cluster; TRUTH.csv source, id and entity. A pair is two source records of one
cluster; it is right when both are of one entity. Pairs are counted, not listed: of n that stand together, n (n - 1) / 2.
"""

import csv
import json
import sys
from collections import Counter


def read(file, column):
    with open(file, newline="", encoding="utf-8") as lines:
        return {(row["source"], row["id"]): row[column] for row in csv.DictReader(lines)}


def pairs(sizes):
    return sum(size * (size - 1) // 2 for size in sizes)


def score(clusters, truth):
    missing = len(truth.keys() - clusters.keys())
    unknown = len(clusters.keys() - truth.keys())
    if missing or unknown:
        sys.exit(f"the clusters lack {missing} rows of the truth and have {unknown} that it does not; both must be of one state")
    wanted = pairs(Counter(truth.values()).values())
    told = pairs(Counter(clusters.values()).values())
    found = pairs(Counter((cluster, truth[row]) for row, cluster in clusters.items()).values())
    share = lambda part, whole: part / whole if whole else 1.0
    return {"rows": len(truth), "true_pairs": wanted, "told_pairs": told, "precision": share(found, told),
            "recall": share(found, wanted), "f1": share(2 * found, told + wanted)}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python3 score.py CLUSTERS.csv TRUTH.csv")
    print(json.dumps(score(read(sys.argv[1], "cluster"), read(sys.argv[2], "entity"))))
