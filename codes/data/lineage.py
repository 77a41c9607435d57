"""Which districts of Punjab were made out of which, and what shows it.

The day of Malerkotla is public. For the others only bounds are at hand: the directory has no census code for a district
that was not there at a census, and the numbers that the censuses gave to sub-districts, one after the other within a
district, show in which district they then were. `check` holds all of it against the lists.
"""

import collections

CENSUS_2001, CENSUS_2011, DIRECTORY = "2001-03-01", "2011-03-01", "2022-03-11"

# district -> districts it was made out of, and the day; or the two days between which the day lies
SPLITS = {
    "605": (["43"], CENSUS_2001, CENSUS_2011),
    "608": (["42", "41"], CENSUS_2001, CENSUS_2011),
    "609": (["27"], CENSUS_2001, CENSUS_2011),
    "651": (["31"], CENSUS_2011, DIRECTORY),
    "662": (["32"], CENSUS_2011, DIRECTORY),
    "737": (["43"], "2021-05-14", "2021-05-14"),
}

# The one split out of two districts: sub-districts whose numbers of 2001 show which of the two they were in. SAS Nagar
# (Mohali) (267) was made after 2001; which of the two its land was in, nothing shows.
OF_TWO = {"266": "42", "268": "41"}


def district_columns(code):
    """The columns of a district: from which day it is there, or between which days it came, and out of what."""
    if code not in SPLITS:
        return {"valid_from": "", "split_from": "", "absent_on": "", "seen_on": ""}
    parents, after, by = SPLITS[code]
    exact = after == by
    return {"valid_from": by if exact else "", "split_from": "|".join(parents), "absent_on": "" if exact else after, "seen_on": "" if exact else by}


def tehsil_history(code, district):
    """In which district the land of a sub-district lay: `since:district`, oldest first, parted by semicolons."""
    if district not in SPLITS:
        return ""
    parents, after, by = SPLITS[district]
    earlier = OF_TWO.get(code) or "|".join(parents)
    return f":{earlier};{by if after == by else f'{after}/{by}'}:{district}"


def map_rows():
    """The rows of the concept map, by source and target."""
    rows, losers = [], collections.defaultdict(list)
    for district, (parents, after, by) in SPLITS.items():
        for parent in parents:
            day = by if after == by else ""
            comment = "" if day else f"between {after} and {by}"
            losers[parent].append(day)
            rows.append((parent, district, "source-is-broader-than-target", day, comment))
    for parent, days in losers.items():
        day = min(days)
        rows.append((parent, parent, "source-is-broader-than-target", day, "keeps its code and is smaller after the split"))
    return sorted(rows, key=lambda row: (int(row[0]), int(row[1])))


def check(districts, sub_districts):
    """Refuses to go on when the lists no longer show what SPLITS says."""
    punjab = {row["District Code"]: row for row in districts if row["State Code"] == "3"}
    young = {code for code, row in punjab.items() if not row["Census 2001 Code"]}
    assert young == set(SPLITS), young ^ set(SPLITS)
    younger = {code for code in young if row_is_absent(punjab[code]["Census 2011 Code"])}
    assert younger == {code for code, (_, after, _) in SPLITS.items() if after >= CENSUS_2011}, younger
    serials = collections.defaultdict(list)
    for row in sub_districts:
        if row["State Code"] == "3":
            at_2001 = OF_TWO.get(row["Sub-district Code"]) or SPLITS.get(row["District Code"], [[row["District Code"]]])[0][0]
            serials[at_2001].append(int(row["Census 2001 code"] or 0))
    for parent in {parent for parents, _, _ in SPLITS.values() for parent in parents}:
        known = sorted(serial for serial in serials[parent] if serial)
        assert len(known) == len(set(known)), (parent, known)
        gaps = set(range(1, known[-1] + 1)) - set(known)
        assert len(gaps) <= serials[parent].count(0), (parent, known)
    numbers = collections.defaultdict(list)
    for row in sub_districts:
        if row["State Code"] == "3" and int(row["Census 2011 code"]):
            district = row["District Code"]
            at_2011 = SPLITS[district][0][0] if district in younger else district
            numbers[at_2011].append(int(row["Census 2011 code"]))
    in_order = sorted(numbers, key=lambda code: int(punjab[code]["Census 2011 Code"]))
    run = [number for code in in_order for number in sorted(numbers[code])]
    assert run == list(range(run[0], run[0] + len(run))), "the sub-districts of 2011 are one run, district by district"


def row_is_absent(census_code):
    return not census_code or int(census_code) == 0
