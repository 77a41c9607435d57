"""What Splink is told about the citizen extracts: columns, comparisons, blocking, training, threshold.

The settings are those that somebody who knows Splink well would write for these columns: names cleaned of honorifics and
relations and split, term frequencies, Jaro-Winkler and date-of-birth levels, blocking on several pairs of columns, u from
random pairs, m by EM under three blocking rules. Columns are prepared in DuckDB, on all its threads, so that nothing but
Splink's own engine is measured. Aadhaar numbers come as opaque references.
"""

import re

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import SettingsCreator, block_on

# Pairs at or above this match probability are joined. It serves Splink's clusters about best on other made-up states than
# those that are measured (../README.md, "The settings of Splink"): a kindness, as nobody has the truth in earnest.
THRESHOLD = 0.98

NAMES = ("full_name", "father_name", "spouse_name", "mother_name")


def clean_name(column):
    """SQL: a name without honorifics, without the relation behind it, without punctuation."""
    sql = f"lower(trim({column}))"
    for pattern in (r" [sdw]/o .*$", r"^(?:baby of|b/o) ", r"^(?:(?:smt|mrs|ms|sh|shri|sardar|dr|giani|late|s)\.? )+"):
        sql = f"regexp_replace({sql}, '{pattern}', '')"
    sql = f"regexp_replace(regexp_replace({sql}, '[./,-]', ' ', 'g'), '\\s+', ' ', 'g')"
    return f"coalesce(trim({sql}), '')"


def clean(database, file):
    """The table `cleaned`: each row of the flat list with its names and its village cleaned."""
    names = ", ".join(f"{clean_name(name)} AS {name}" for name in NAMES)
    village = r"coalesce(regexp_replace(lower(village), '^(?:v\.?p\.?o\.?|vill\.?) ', ''), '')"
    database.execute(
        f"CREATE OR REPLACE TABLE cleaned AS SELECT source || ':' || id AS unique_id, source, id, {names}, sex, "
        f"coalesce(date_of_birth, '') AS date_of_birth, mobile, aadhaar, epic, ration_card, {village} AS village, district, pin "
        "FROM read_csv(?, header = true, all_varchar = true)", [str(file)])


def prepare(database, table="cleaned"):
    """The table `citizens`: names split, years apart from dates, nothing instead of the empty string."""
    database.execute(f"""
        CREATE OR REPLACE TABLE citizens AS
        WITH split AS (
            SELECT * EXCLUDE (date_of_birth),
                split_part(full_name, ' ', 1) AS given_name,
                trim(substr(full_name, length(split_part(full_name, ' ', 1)) + 1)) AS rest_of_name,
                split_part(father_name, ' ', 1) AS father_given,
                split_part(spouse_name, ' ', 1) AS spouse_given,
                substr(date_of_birth, 1, 4) AS birth_year,
                -- A year alone is no date; it takes part as a year.
                CASE WHEN length(date_of_birth) = 10 THEN date_of_birth END AS date_of_birth
            FROM {table})
        SELECT nullif(COLUMNS(*), '') FROM split""")


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

# What is true of nearly every pair that agrees on it, and how many of the true pairs do.
CERTAIN = [block_on("aadhaar"), block_on("full_name", "father_name", "date_of_birth")]
CERTAIN_RECALL = 0.4

# Under which EM learns: each comparison is free in at least two of them.
LEARNING = [block_on("full_name", "father_given"), block_on("date_of_birth", "sex"), block_on("given_name", "village")]

# So many pairs are plenty for u and for each pass of EM; and EM without term frequencies, which are counted and not learnt,
# takes a third of the time and gives the same F1 to three digits.
PAIRS_MAX = 5e6


def train(linker):
    linker.training.estimate_probability_two_random_records_match(CERTAIN, recall=CERTAIN_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=PAIRS_MAX, seed=1)
    for rule in LEARNING:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=PAIRS_MAX)


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
