"""Pair F1 of Splink on the citizen extracts: python3 splink_f1.py STATE_FOLDER

STATE_FOLDER is what the generator wrote with its flat list (`truth/citizen_flat.csv`). Needs `pip install splink pandas
pyarrow`. The settings are those that somebody who knows Splink well would write for these columns: names cleaned of
honorifics and relations and split, term frequencies, Jaro-Winkler and date-of-birth levels, blocking on several pairs of
columns, u from random pairs, m by EM under three blocking rules, and the best threshold, chosen with the truth at
hand, which nobody has in earnest. Aadhaar numbers come as opaque references.
"""

import argparse
import json
import re
import time
from pathlib import Path

import pandas as pd
import splink
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

HONORIFICS = re.compile(r"^(?:(?:smt|mrs|ms|sh|shri|sardar|dr|giani|late|s)\.? )+")
RELATION = re.compile(r" [sdw]/o .*$")
BABY = re.compile(r"^(?:baby of|b/o) ")


def clean(name):
    name = RELATION.sub("", name.lower().strip())
    name = HONORIFICS.sub("", BABY.sub("", name))
    return re.sub(r"\s+", " ", re.sub(r"[./,-]", " ", name)).strip()


# For --helped: what a matcher made for these names knows. Gurmukhi and Devanagari differ by a constant in Unicode.
LETTERS = dict(zip("कखगघचछजझटठडढणतथदधनपफबभमयरलवशसह", "k k g g c c j j t t d d n t t d d n p p b b m y r l v s s h".split()))
LETTERS |= dict(zip("आइईउऊएऐओऔअ", "a i i u u e e o o a".split())) | dict(zip("ािीुूेैोौ", "a i i u u e e o o".split()))
LETTERS |= {"ं": "n", "ँ": "n", "ड़": "r", "ज़": "j", "फ़": "p", "ऋ": "r"}


def sounds(name):
    """One spelling for what sounds alike in three scripts: consonants only, but for the first vowel."""
    words = []
    for word in name.split(" "):
        devanagari = "".join({"ੰ": "ं", "ਂ": "ं", "ੱ": ""}.get(c, chr(ord(c) - 0x100) if "\u0a00" <= c <= "\u0a65" else c) for c in word)
        latin = "".join(LETTERS.get(c, c if c.isascii() else "") for c in devanagari)
        for old, new in (("ph", "p"), ("f", "p"), ("w", "v"), ("z", "j"), ("x", "ks"), ("q", "k"), ("ck", "k"), ("ngh", "n"), ("ng", "n"), ("chh", "c"), ("ch", "c")):
            latin = latin.replace(old, new)
        latin = re.sub(r"([bcdgjkpst])h", r"\1", latin)
        latin = latin[:1].replace("e", "i") + re.sub(r"[aeiouyh]", "", latin[1:])
        words.append(re.sub(r"(.)\1+", r"\1", latin))
    return " ".join(words)


def help_names(rows):
    """Names by sound, second names that nearly all bear left out, father and husband in one column."""
    common = {"sn", "kr", "kmr", "dv", "rn", "ll", "rm", "cnd", "kmri", "bl", "pl", "s", "km"}
    for column in ("full_name", "father_name", "spouse_name", "mother_name", "village"):
        rows[column] = rows[column].map(sounds)
    for column in ("full_name", "father_name", "spouse_name", "mother_name"):
        words = rows[column].str.split(" ")
        rows[column] = words.map(lambda words: " ".join(words[:1] + [word for word in words[1:] if word not in common]))
    rows["father_name"] = rows["father_name"].where(rows["spouse_name"] == "", rows["spouse_name"])
    rows["spouse_name"] = ""


def read(folder, helped=False):
    rows = pd.read_csv(Path(folder) / "truth" / "citizen_flat.csv", dtype=str, keep_default_na=False)
    truth = pd.read_csv(Path(folder) / "truth" / "citizen.csv", dtype=str, keep_default_na=False)
    rows["unique_id"] = rows["source"] + ":" + rows["id"]
    entity = dict(zip(truth["source"] + ":" + truth["id"], truth["entity"]))
    rows["entity"] = rows["unique_id"].map(entity)
    for column in ("full_name", "father_name", "spouse_name", "mother_name"):
        rows[column] = rows[column].map(clean)
    rows["village"] = rows["village"].str.lower().str.replace(r"^(?:v\.?p\.?o\.?|vill\.?) ", "", regex=True)
    if helped:
        help_names(rows)
    words = rows["full_name"].str.split(" ")
    rows["given_name"] = words.str[0]
    rows["rest_of_name"] = words.str[1:].str.join(" ")
    rows["father_given"] = rows["father_name"].str.split(" ").str[0]
    rows["spouse_given"] = rows["spouse_name"].str.split(" ").str[0]
    rows["birth_year"] = rows["date_of_birth"].str[:4]
    # A year alone is no date; it takes part as a year.
    rows["date_of_birth"] = rows["date_of_birth"].where(rows["date_of_birth"].str.len() == 10, "")
    return rows.replace("", None)


def date_of_birth():
    swapped = ("substr(date_of_birth_l, 1, 4) || substr(date_of_birth_l, 9, 2) || substr(date_of_birth_l, 6, 2) = "
               "replace(date_of_birth_r, '-', '')")
    return cl.CustomComparison(
        output_column_name="date_of_birth",
        comparison_levels=[
            cll.CustomLevel("birth_year_l IS NULL OR birth_year_r IS NULL", "missing").configure(is_null_level=True),
            cll.CustomLevel("date_of_birth_l = date_of_birth_r AND substr(date_of_birth_l, 6) <> '01-01'", "same day")
            .configure(tf_adjustment_column="date_of_birth"),
            cll.CustomLevel("date_of_birth_l = date_of_birth_r", "same, 1 January"),
            cll.CustomLevel(swapped, "day and month swapped"),
            cll.CustomLevel("damerau_levenshtein(date_of_birth_l, date_of_birth_r) <= 1", "one slip"),
            cll.CustomLevel("birth_year_l = birth_year_r", "same year"),
            cll.CustomLevel("abs(try_cast(birth_year_l AS INT) - try_cast(birth_year_r AS INT)) <= 3", "three years"),
            cll.ElseLevel(),
        ],
    )


def place():
    """Village, PIN and district say one thing, so they are one comparison."""
    near, district = "jaro_winkler_similarity(village_l, village_r) >= 0.88", "district_l = district_r"
    return cl.CustomComparison(
        output_column_name="place",
        comparison_levels=[
            cll.CustomLevel("(village_l IS NULL OR village_r IS NULL) AND (district_l IS NULL OR district_r IS NULL)", "missing")
            .configure(is_null_level=True),
            cll.ExactMatchLevel("village", term_frequency_adjustments=True),
            cll.CustomLevel(f"{near} AND {district}", "village alike"),
            cll.CustomLevel(f"pin_l = pin_r AND {district}", "same PIN"),
            cll.CustomLevel(f"{near}", "village alike, other district"),
            cll.CustomLevel(district, "same district"),
            cll.ElseLevel(),
        ],
    )


def name(column, thresholds=(0.92, 0.85, 0.75)):
    return cl.JaroWinklerAtThresholds(column, list(thresholds)).configure(term_frequency_adjustments=True)


def settings():
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=[
            name("given_name"),
            name("rest_of_name", (0.92, 0.8)),
            name("father_name"),
            name("spouse_name", (0.9, 0.8)),
            name("mother_name", (0.9, 0.8)),
            cl.ExactMatch("sex"),
            date_of_birth(),
            cl.ExactMatch("mobile").configure(term_frequency_adjustments=True),
            cl.ExactMatch("aadhaar"),
            cl.ExactMatch("epic"),
            cl.ExactMatch("ration_card"),
            place(),
        ],
        blocking_rules_to_generate_predictions=BLOCKING,
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def plain_settings():
    """One comparison of the library for each column, no custom level."""
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=[
            cl.JaroWinklerAtThresholds("full_name", [0.92, 0.85]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("father_name", [0.92, 0.85]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("spouse_name", [0.92, 0.85]),
            cl.ExactMatch("sex"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
            cl.ExactMatch("mobile"),
            cl.ExactMatch("aadhaar"),
            cl.ExactMatch("epic"),
            cl.ExactMatch("ration_card"),
            cl.JaroWinklerAtThresholds("village", [0.9]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("district"),
        ],
        blocking_rules_to_generate_predictions=BLOCKING,
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


BLOCKING = [
    block_on("aadhaar"),
    block_on("epic"),
    block_on("mobile", "sex"),
    block_on("full_name", "date_of_birth"),
    block_on("given_name", "date_of_birth"),
    block_on("father_given", "date_of_birth"),
    block_on("given_name", "father_given", "district"),
    block_on("given_name", "spouse_given", "district"),
    block_on("given_name", "village"),
    block_on("father_given", "village", "birth_year"),
    block_on("date_of_birth", "district", "substr(given_name, 1, 2)"),
    block_on("ration_card", "given_name"),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--pairs", help="also write the weighed pairs to this Parquet file")
    parser.add_argument("--plain", action="store_true", help="one comparison of the library for each column")
    parser.add_argument("--helped", action="store_true", help="with names by sound, to see what is in the data")
    arguments = parser.parse_args()
    rows = read(arguments.folder, arguments.helped)
    start = time.time()
    database = DuckDBAPI()
    linker = Linker(database.register(rows.drop(columns=["entity"])), plain_settings() if arguments.plain else settings())
    linker.training.estimate_probability_two_random_records_match(
        [block_on("aadhaar"), block_on("full_name", "father_name", "date_of_birth")], recall=0.4)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for rule in (block_on("full_name", "father_given"), block_on("date_of_birth", "sex"), block_on("given_name", "village")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    pairs = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    seconds = time.time() - start
    if arguments.pairs:
        pairs[["unique_id_l", "unique_id_r", "match_weight"]].to_parquet(arguments.pairs)
    print(json.dumps(score(rows, pairs, seconds), indent=1))


def score(rows, pairs, seconds):
    entity = dict(zip(rows["unique_id"], rows["entity"]))
    counts = rows["entity"].value_counts()
    true_pairs = int((counts * (counts - 1) // 2).sum())
    pairs = pairs.sort_values("match_weight", ascending=False)
    good = (pairs["unique_id_l"].map(entity) == pairs["unique_id_r"].map(entity)).astype(int)
    found, told = good.cumsum(), pd.Series(range(1, len(pairs) + 1), index=pairs.index)
    f1 = 2 * found / (true_pairs + told)
    best = f1.idxmax()
    return {
        "splink": splink.__version__, "rows": len(rows), "true_pairs": true_pairs, "seconds": round(seconds, 1),
        "candidate_recall": round(int(good.sum()) / true_pairs, 4),
        "best_f1": round(float(f1[best]), 4),
        "precision": round(float(found[best] / told[best]), 4), "recall": round(float(found[best] / true_pairs), 4),
        "at_match_weight": round(float(pairs.loc[best, "match_weight"]), 2),
    }


if __name__ == "__main__":
    main()
