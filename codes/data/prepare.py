"""Makes the tables of this folder from the lists as they were gathered: `python3 prepare.py GATHERED`.

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

import made_up

HERE = pathlib.Path(__file__).parent
GATHERED = pathlib.Path(sys.argv[1])
LGD = "Local Government Directory (lgdirectory.gov.in), by planemad/india-local-government-directory"
EGOV = "eGov punjab-mdms-data, Punjab municipal masters"
codes_of = {}


def read(name):
    path = GATHERED / name
    opened = gzip.open(path, "rt", encoding="utf-8-sig", newline="") if name.endswith("gz") else open(path, encoding="utf-8-sig", newline="")
    with opened as file:
        return [{key: value.strip() for key, value in row.items()} for row in csv.DictReader(file)]


def write(name, titles, rows, *, source, licence, date, version, notes="", made_up=False, free=True, shapes=(),
          parent_system=None, case_insensitive=False, searched=()):
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
             ("concepts", len(rows)), ("case_insensitive", case_insensitive), ("shapes", list(shapes)),
             ("searched", list(searched)), ("parent_system", parent_system), ("known_orphans", orphans), ("notes", notes)]
    (folder / f"{name}.toml").write_text("".join(f"{key} = {toml(value)}\n" for key, value in lines if value not in (None, [], "")))
    print(f"{name}: {len(rows)} concepts, {len(orphans)} parents missing")


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
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
STATE_NAMES = {"3": ("ਪੰਜਾਬ", "पंजाब")}
write("lgd-state", ("States and union territories", "ਰਾਜ ਅਤੇ ਕੇਂਦਰ ਸ਼ਾਸਤ ਪ੍ਰਦੇਸ਼", "राज्य और केंद्र शासित प्रदेश"), [{
    "code": row["State Code"], "display": row["State Name"],
    "display_pa": STATE_NAMES.get(row["State Code"], ("", ""))[0], "display_hi": STATE_NAMES.get(row["State Code"], ("", ""))[1],
    "kind": {"S": "state", "U": "union_territory"}[row["State or UT"]], "version": row["State Version"],
    "census_2001": row["Census 2001 Code"], "census_2011": row["Census 2011 Code"],
} for row in states], shapes=["9", "99"], notes="Names are in capitals as the directory writes them.", **GODL)

districts = read("places/lgd_districts_india.csv")
write("lgd-district", ("Districts", "ਜ਼ਿਲ੍ਹੇ", "ज़िले"), [{
    "code": row["District Code"], "display": row["District Name"], "parent": row["State Code"],
    "display_pa": preferred.get(("district", row["District Code"], "pa")), "display_hi": preferred.get(("district", row["District Code"], "hi")),
    "label": preferred.get(("district", row["District Code"], "en")), "state_code": row["State Code"],
    "census_2001": row["Census 2001 Code"], "census_2011": row["Census 2011 Code"],
} for row in districts], shapes=["9", "99", "999"], parent_system="lgd-state",
    notes="763 districts, 23 of them in Punjab, Malerkotla (737, split from Sangrur on 14 May 2021) among them. The display is as the "
          "directory writes it; the property label is the usual English name, known for Punjab. Census code 0 means "
          "that the district is younger than the census. The source gives no version of a district.", **GODL)
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
write("lgd-subdistrict", ("Sub-districts (tehsils)", "ਤਹਿਸੀਲਾਂ", "तहसीलें"), [{
    "code": row["Sub-district Code"], "display": row["Sub-district Name"], "parent": row["District Code"],
    "display_pa": preferred.get(("subdistrict", row["Sub-district Code"], "pa")),
    "state_code": row["State Code"], "district_code": row["District Code"], "version": row["Sub-district Version"],
    "census_2001": row["Census 2001 code"], "census_2011": row["Census 2011 code"],
} for row in sub_districts], shapes=["9999", "999", "99", "9"], parent_system="lgd-district",
    notes="6,921 sub-districts, 93 of them in Punjab.", **GODL)

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
      source="India Post directory, by PyPI bharatpin", licence="MIT (package), GODL-India (data)", date="2026-11", version="2026-11",
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
    source="Reserve Bank of India and NPCI lists, by npm ifsc 2.0.50", licence="MIT", date="2026-11", version="2.0.50")
write("ifsc", ("Bank branches (IFSC)", "ਬੈਂਕ ਸ਼ਾਖਾਵਾਂ (IFSC)", "बैंक शाखाएँ (IFSC)"), [{
    "code": row["ifsc"], "display": ", ".join(filter(None, [row["bank_name"] or row["bank_code"], row["branch"]])), "parent": row["bank_code"],
    "bank": row["bank_name"], "branch": row["branch"], "city": row["city"], "district": row["district"], "state": row["state"],
} for row in sorted(read("codes/ifsc.csv.gz"), key=lambda row: row["ifsc"])], case_insensitive=True, shapes=["AAAA0XXXXXX"],
    parent_system="bank", searched=["city", "district"], source="Reserve Bank of India lists, by npm ifsc 2.0.50 and PyPI ifscfinder 0.2.0",
    licence="MIT", date="2026-11", version="2.0.50",
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
write("nic", ("Industries (NIC 2008)", "ਉਦਯੋਗ (NIC 2008)", "उद्योग (NIC 2008)"), [{
    "code": row["code"], "display": row["description"], "parent": row["parent"], "level": row["level"]} for row in nic],
    shapes=["A", "99", "999", "9999", "99999"], parent_system="nic", free=False,
    source="National Industrial Classification 2008, Ministry of Statistics, as republished", licence="none stated", date="2008", version="2008",
    notes="2,062 codes; the official list has 21 sections, 88 divisions, 238 groups, 403 classes and 1,304 sub-classes, so a few are "
          "missing and some have no parent. Spelling is the source's.")

HEAD_DEFECTS = {code: "looks wrong against its neighbours; 3451 to 3454 are missing" for code in ("3435", "3455")}
write("revenue-head", ("Major heads of account", "ਲੇਖੇ ਦੇ ਮੁੱਖ ਮੱਦ", "लेखा के मुख्य शीर्ष"), [{
    "code": row["major_head"], "display": row["name"], "section": row["section"], "defect": HEAD_DEFECTS.get(row["major_head"])}
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
        "defect": "a test entry, live in the directory" if code == "5" else f"the same body under several codes: {twins}" if twins else ""})
municipal = collections.defaultdict(list)
for row in read("codes/municipal_departments.csv"):
    municipal[row["code"]].append(row["name"])
departments += [{
    "code": f"MC-{code}", "display": names[0], "kind": "branch", "register": "municipal",
    "defect": f"the source gives this code to {' and to '.join(names)}" if len(names) > 1 else ""} for code, names in municipal.items()]
write("department", ("Departments", "ਵਿਭਾਗ", "विभाग"), departments, parent_system="department", free=False,
      source=f"{LGD}; {EGOV}", licence="GODL-India (LGD-), none stated (MC-)", date="2022-03-11 (LGD-), 2021-07 (MC-)", version="1",
      notes="LGD- codes are the directory's Punjab organisations, MC- codes the branches of municipal bodies; the prefix keeps the two registers "
            "apart. The live Test Department, one body under three codes, and a municipal code that is given twice are "
            "kept and say so in the property defect.")

designations = read("codes/municipal_designations.csv")
write("designation", ("Designations in municipal bodies", "ਅਹੁਦੇ", "पदनाम"), [{
    "code": row["code"], "display": row["name"], "status": "active" if row["active"] == "True" else "retired",
    "description": row["description"] if row["description"] != row["name"] else ""} for row in designations], free=False,
    source=EGOV, licence="none stated", date="2021-07", version="2021-07",
    notes="Spelling is the source's. Municipal Engineer and Corporation Engineer have two codes each.")


def spaced(name):
    """DamagedRoad as Damaged road."""
    words = "".join(f" {letter}" if letter.isupper() and not name[index - 1 : index].isupper() else letter for index, letter in enumerate(name))
    words = words.strip().split(" ")
    return " ".join([words[0][:1].upper() + words[0][1:]] + [word if word.isupper() else word.lower() for word in words[1:]])


write("complaint-type", ("Kinds of complaint", "ਸ਼ਿਕਾਇਤਾਂ ਦੀਆਂ ਕਿਸਮਾਂ", "शिकायतों के प्रकार"), [{
    "code": row["serviceCode"], "display": spaced(row["serviceCode"]), "parent": f"MC-{row['department']}",
    "status": "active" if row["active"] == "True" else "retired", "department": f"MC-{row['department']}", "sla_hours": row["slaHours"],
    "menu": row["menuPath"], "keywords": row["keywords"],
    "defect": "differs from the code of another kind by capitals only" if row["serviceCode"].lower() == "others" else "",
} for row in read("codes/municipal_grievance_service_defs.csv")], parent_system="department", free=False, searched=["keywords"],
    source=EGOV, licence="none stated", date="2021-07", version="2021-07",
    notes="46 kinds; names are made from the codes. Codes differ by case: Others and others are two kinds. Other editions of this master refer to departments "
          "ENG and Streetlights that nobody defines; this one does not.")

services = []
for row in read("codes/notified_services_sample.csv"):
    days = "".join(filter(str.isdigit, row["time_limit_working_days"].split("day")[0]))
    demarcation = row["service"].startswith("Demarcation")
    services.append({
        "display": row["service"], "parent": made_up.NOTIFIED_DEPARTMENTS[row["department"]], "made_up": "false",
        "working_day_limit": "45" if demarcation else days, "limit_note": row["time_limit_working_days"] if ";" in row["time_limit_working_days"] else "",
        "designated_officer": row["designated_officer"], "valid_from": "2014-01-01" if demarcation else "2012-01-01",
        "limit_history": "2014-01-01:21;2016-01-01:45" if demarcation else f"2012-01-01:{days}"})
for department, officer, names in made_up.SERVICES:
    for name in names:
        days, year = str(made_up.number(f"limit {name}", 1, 30)), made_up.number(f"year {name}", 2012, 2020)
        services.append({
            "display": name, "parent": department, "made_up": "true", "working_day_limit": days, "limit_note": "", "designated_officer": officer,
            "valid_from": f"{year}-04-01", "limit_history": f"{year}-04-01:{days}"})
for index, service in enumerate(services, 1):
    service["code"] = f"SVC-{index:03}"
    service["department"] = service["parent"]
    service["fee_paise"] = str(made_up.number(f"fee {service['display']}", 0, 20) * 2500)
assert len(services) == 177, len(services)
write("service", ("Services to citizens", "ਨਾਗਰਿਕ ਸੇਵਾਵਾਂ", "नागरिक सेवाएँ"), services, parent_system="department", free=False, shapes=["SVC-999"],
      source="Public notifications under the Punjab service delivery Acts (10 services); made up for this project (167)", licence="none stated", date="2026-11",
      version="1", notes="Codes and fees are made up throughout. Ten services, with made_up = false, have the names, limits and officers of public "
      "notifications; the years from which their limits hold are approximate. The other 167 are made up. limit_history lists date:working "
      "days, parted by semicolons, oldest first; the last one is working_day_limit.")

categories = {row["scheme"]: row for row in read("codes/schemes_unverified.csv")}
assert set(categories) == set(made_up.SCHEMES)
write("scheme", ("Benefit schemes", "ਲਾਭ ਸਕੀਮਾਂ", "लाभ योजनाएँ"), [{
    "code": f"SCH-{index:02}", "display": name, "parent": made_up.SCHEMES[name][0], "department": made_up.SCHEMES[name][0],
    "department_as_stated": row["department_as_stated"], "category": row["category"], "benefit_kind": made_up.SCHEMES[name][1],
    "monthly_amount_paise": str(made_up.SCHEMES[name][2] * 100) if made_up.SCHEMES[name][2] else "", "made_up": "true",
} for index, (name, row) in enumerate(categories.items(), 1)], made_up=True, parent_system="department", free=False, shapes=["SCH-99"],
    source="Scheme names seen in public applications, unverified", licence="none stated", date="2026-11", version="1",
    notes="Only names, the department as stated and the category come from the source. Codes, department codes, kinds of benefit and amounts are made up.")

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
    offices.append({"code": f"OFF-{short}", "display": f"{state_office}, Punjab", "parent": department, "level": "state"})
    offices += [{"code": f"OFF-{short}-D{code}", "display": f"{district_office}, {label(code)}", "parent": department, "level": "district",
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
write("office", ("Offices", "ਦਫ਼ਤਰ", "कार्यालय"), offices, parent_system="department", searched=["district"],
      notes="For each of eight departments a state office and one for each district; a tehsil office for each sub-district; one for each urban local "
            "body. reports_to is the office above.", **OURS)
