"""What the made-up state needs and no public list has: services beyond the ten notified ones that we know, Sewa
Kendras, offices, and the benefits of schemes. Nothing here is official. Everything follows from the lists below and
from hashes of names, so that the same input gives the same codes.
"""

import hashlib

REVENUE, HEALTH, LOCAL, HOME, TRANSPORT, SOCIAL, FOOD = (
    "LGD-1349", "LGD-402", "LGD-412", "LGD-1333", "LGD-1352", "LGD-2516", "LGD-1339")
EDUCATION, LABOUR, AGRICULTURE, POWER, WATER, HOUSING = (
    "LGD-400", "LGD-1345", "LGD-237", "LGD-411", "LGD-408", "LGD-1341")
WELFARE, RURAL, INDUSTRY, GENERAL, HUSBANDRY, DEFENCE = (
    "LGD-407", "LGD-234", "LGD-415", "LGD-1340", "LGD-236", "LGD-1336")
FOREST, WOMEN, PENSIONERS, SCIENCE, EXCISE = "LGD-401", "LGD-405", "LGD-1354", "LGD-1350", "LGD-1337"

# Department of the ten notified services, by the word that their list uses.
NOTIFIED_DEPARTMENTS = {"Revenue": REVENUE, "Health": HEALTH}

# (department, designated officer, names of services)
SERVICES = [
    (REVENUE, "Tehsildar", [
        "Residence certificate", "Rural area certificate", "Income and asset certificate", "Dependent certificate",
        "Border area certificate", "Kandi area certificate", "Agriculturist certificate", "Legal heir certificate",
        "Countersigning of documents", "Correction of a revenue entry (fard badar)", "Inspection of revenue records",
        "Copy of a village map (shajra)", "Copy of mutation register", "No-encumbrance certificate", "Solvency certificate",
        "Marriage registration, Tehsil", "Marriageability certificate", "Compensation for crop damage",
        "Relief for house damage", "Report of loss of a standing crop by fire", "Copy of a registered will",
        "Registration of a power of attorney", "Certificate of land ceiling", "Attestation of an affidavit",
        "Renewal of a stamp vendor licence",
    ]),
    (HEALTH, "Senior Medical Officer", [
        "Registration of a birth after one year", "Registration of a death after one year", "Addition of a child's name",
        "Correction of a birth entry", "Correction of a death entry", "Disability certificate (UDID)",
        "Medical fitness certificate", "Age determination certificate", "Copy of a medico-legal report",
        "Registration of an ultrasound centre", "Renewal of a clinical establishment", "Retail drug licence",
        "Wholesale drug licence", "Food business registration", "Vaccination certificate",
    ]),
    (LOCAL, "Executive Officer", [
        "Water connection, residential", "Water connection, commercial", "Sewerage connection, residential",
        "Sewerage connection, commercial", "Change of name in a water account", "Disconnection of water",
        "Building plan, residential", "Building plan, commercial", "Completion certificate", "Occupation certificate",
        "Change of land use certificate", "No-objection certificate for a plot", "Trade licence", "Renewal of a trade licence",
        "Assessment of property tax", "Transfer of ownership, property tax", "No-due certificate, property tax",
        "Fire safety certificate", "Renewal of a fire safety certificate", "Permission for an advertisement hoarding",
        "Street vendor certificate", "Permission to dig a road", "Booking of a community hall", "Removal of a dead tree",
        "Registration of a pet dog",
    ]),
    (HOME, "Station House Officer", [
        "Copy of a first information report", "Copy of an untraced report", "Verification of a tenant",
        "Verification of a servant", "Police clearance certificate", "Verification for a passport",
        "Character verification for employment", "No-objection certificate for a loudspeaker",
        "No-objection certificate for a fair or exhibition", "No-objection certificate for a vehicle",
        "Report of a lost article", "Report of a lost mobile phone", "Stranger verification", "Arms licence, new",
        "Arms licence, renewal", "Arms licence, change of address", "Arms licence, addition of a weapon",
        "Arms licence, extension of area", "Permission for a procession", "Registration of a foreigner, arrival",
    ]),
    (TRANSPORT, "Regional Transport Officer", [
        "Learner's licence", "Driving licence, new", "Driving licence, renewal", "Driving licence, duplicate",
        "Driving licence, change of address", "International driving permit", "Registration of a vehicle",
        "Transfer of ownership of a vehicle", "Duplicate registration certificate", "Addition of hypothecation",
        "Removal of hypothecation", "No-objection certificate for another state", "Fitness certificate",
        "Permit for a goods vehicle", "Permit for a passenger vehicle", "Payment of road tax", "Fancy number",
        "Conductor's licence",
    ]),
    (SOCIAL, "District Social Security Officer", [
        "Old age pension", "Pension to widows and destitute women", "Pension to dependent children",
        "Pension to persons with disability", "Identity card for senior citizens", "Bus concession for persons with disability",
        "Scholarship for students with disability", "Marriage grant for daughters of widows",
        "Admission to an old age home",
    ]),
    (FOOD, "District Food and Supply Controller", [
        "New ration card", "Addition of a member to a ration card", "Deletion of a member from a ration card",
        "Duplicate ration card", "Change of fair price shop", "Fair price shop licence", "Renewal of a fair price shop licence",
        "Kerosene dealer licence", "Verification of weights and measures", "Licence to repair weights",
    ]),
    (EDUCATION, "District Education Officer", [
        "Duplicate certificate, class 10", "Duplicate certificate, class 12", "Correction of a name in a certificate",
        "Verification of a certificate", "Migration certificate", "Recognition of a private school",
        "Renewal of recognition of a school", "Transcript of marks",
    ]),
    (LABOUR, "Assistant Labour Commissioner", [
        "Registration of a shop or establishment", "Registration of a construction worker", "Renewal of a construction worker",
        "Licence for contract labour", "Registration of a factory", "Approval of a factory plan",
        "Stipend for a construction worker's child",
    ]),
    (AGRICULTURE, "Agriculture Development Officer", [
        "Seed dealer licence", "Fertilizer dealer licence", "Pesticide dealer licence", "Soil health card",
        "Subsidy for a crop residue machine",
    ]),
    (POWER, "Assistant Executive Engineer", [
        "Electricity connection, domestic", "Electricity connection, commercial", "Change of load",
        "Change of name in an electricity account", "Replacement of a meter",
    ]),
    (HOUSING, "Estate Officer", [
        "Transfer of a plot after sale", "Transfer of a plot after death", "Conveyance deed", "Permission to mortgage a plot",
        "No-due certificate for a plot",
    ]),
    (WELFARE, "District Welfare Officer", [
        "Marriage assistance", "Post-matric scholarship", "Loan for self-employment",
    ]),
    (RURAL, "Block Development and Panchayat Officer", [
        "Job card for rural employment", "Copy of a panchayat resolution", "Rural house grant",
    ]),
    (DEFENCE, "District Defence Services Welfare Officer", [
        "Identity card for ex-servicemen", "Identity card for war widows", "Dependent certificate for ex-servicemen",
    ]),
    (INDUSTRY, "General Manager, District Industries Centre", [
        "Registration of a society", "Registration of a partnership firm", "Approval in principle of a business",
    ]),
    (GENERAL, "Superintendent", ["Attestation of documents for abroad", "Compensation to riot victims", "Freedom fighter's certificate"]),
]

# (name in the list of schemes) -> department, kind of benefit, rupees a month
SCHEMES = {
    "Punjab Kisan Karz Mafi Scheme": (AGRICULTURE, "loan_waiver", None),
    "Punjab Medhavi Chhatra Puraskar": (EDUCATION, "scholarship", 2500),
    "Ghar Ghar Rozgar & Karobar Mission": (LABOUR, "employment", None),
    "Punjab Basera Scheme": (HOUSING, "housing", None),
    "Old Age Pension Scheme": (SOCIAL, "pension", 1500),
    "Disabled Persons Pension Scheme": (SOCIAL, "pension", 1500),
    "SC/BC Self Employment Loan Scheme": (WELFARE, "loan", None),
    "Sarbat Sehat Bima Yojana": (HEALTH, "insurance", None),
    "Vidhwa (Widow) Pension Scheme": (SOCIAL, "pension", 1500),
    "Nanhi Chhaan Scheme": (WOMEN, "grant", None),
    "Kisan Solar Pump Scheme": (SCIENCE, "subsidy", None),
    "Free Electricity Scheme for Farmers": (POWER, "subsidy", 4000),
    "SC Post-Matric Scholarship": (WELFARE, "scholarship", 1200),
    "Punjab Smart Connect Scheme": (GENERAL, "grant", None),
    "Labour Welfare Fund Scheme": (LABOUR, "grant", None),
    "PM SVANidhi (Street Vendor Loan)": (LOCAL, "loan", None),
    "Atta-Dal Scheme": (FOOD, "ration", 500),
    "Ashirwad (Shagun) Scheme": (WELFARE, "marriage_grant", None),
    "Free 300 Units Domestic Electricity": (POWER, "subsidy", 1000),
    "Punjab Startup Policy 2022": (INDUSTRY, "grant", None),
}

CENTRES = 515

# (short, department, name of the district office, name of the state office)
DISTRICT_OFFICES = [
    ("REV", REVENUE, "Office of the Deputy Commissioner", "Financial Commissioner, Revenue"),
    ("FCS", FOOD, "Office of the District Food and Supply Controller", "Directorate of Food and Civil Supplies"),
    ("HLT", HEALTH, "Office of the Civil Surgeon", "Directorate of Health and Family Welfare"),
    ("EDU", EDUCATION, "Office of the District Education Officer", "Directorate of Education"),
    ("SOC", SOCIAL, "Office of the District Social Security Officer", "Directorate of Social Security"),
    ("LOC", LOCAL, "Office of the Additional Deputy Commissioner, Urban Development", "Directorate of Local Government"),
    ("TRN", TRANSPORT, "Office of the Regional Transport Officer", "State Transport Commissioner"),
    ("POL", HOME, "Police Saanjh Kendra", "Community Affairs Division, Punjab Police"),
]


def number(text, low, high):
    """A number from low to high that depends on the text only."""
    digest = hashlib.sha256(text.encode()).digest()
    return low + int.from_bytes(digest[:4], "big") % (high - low + 1)


def shares(weights, total):
    """Splits `total` by weight with whole numbers, at least one each (largest remainder, ties by order)."""
    rest = total - len(weights)
    exact = [rest * weight / sum(weights) for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(weights)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[: rest - sum(parts)]:
        parts[index] += 1
    return [part + 1 for part in parts]


# What an applicant brings, by department; every service asks for the first two.
PROOFS = ["Proof of identity", "Proof of residence"]
DOCUMENTS = {
    REVENUE: ["Copy of the jamabandi", "Self-declaration"],
    HEALTH: ["Hospital record", "Self-declaration"],
    LOCAL: ["Proof of ownership of the property", "Receipt of the last tax paid"],
    HOME: ["Self-declaration", "Two photographs"],
    TRANSPORT: ["Insurance of the vehicle", "Pollution certificate"],
    SOCIAL: ["Bank account details", "Self-declaration of income"],
    FOOD: ["Proof of residence of each member", "Self-declaration of income"],
    EDUCATION: ["Last certificate of the school", "Two photographs"],
}


def documents(department, name):
    """Which documents a made-up service asks for: two proofs, and one or two that its department asks for."""
    own = DOCUMENTS.get(department, ["Self-declaration"])
    return PROOFS + own[: number(f"documents {name}", 1, len(own))]


# Clauses of schemes ---------------------------------------------------------------------------------------------------
# All of it is made up: no rule of a scheme was at hand. Each helper gives the lines of one clause.


def clause(fact, condition, texts, since="2012-04-01", until=""):
    lines = [("fact", fact), *condition, ("text_en", texts[0]), ("text_pa", texts[1]), ("text_hi", texts[2]), ("valid_from", since)]
    return lines + ([("valid_until", until)] if until else [])


def lives_here():
    return clause("residence_state", [("equals", "3")], ("lives in Punjab", "ਪੰਜਾਬ ਦਾ ਵਸਨੀਕ ਹੈ", "पंजाब का निवासी है"))


def age_from(years, **when):
    return clause("age", [("at_least", years)], (f"is at least {years} years old", f"ਉਮਰ ਘੱਟੋ-ਘੱਟ {years} ਸਾਲ ਹੈ", f"आयु कम से कम {years} वर्ष है"), **when)


def age_to(years, **when):
    return clause("age", [("at_most", years)], (f"is at most {years} years old", f"ਉਮਰ ਵੱਧ ਤੋਂ ਵੱਧ {years} ਸਾਲ ਹੈ", f"आयु अधिकतम {years} वर्ष है"), **when)


def income_to(rupees, **when):
    return clause("annual_income_paise", [("at_most", rupees * 100)], (
        f"has an income of at most {rupees} rupees a year", f"ਸਾਲਾਨਾ ਆਮਦਨ ਵੱਧ ਤੋਂ ਵੱਧ {rupees} ਰੁਪਏ ਹੈ", f"वार्षिक आय अधिकतम {rupees} रुपये है"), **when)


def land_to(acres):
    return clause("land_marlas", [("at_most", acres * 160)], (
        f"holds at most {acres} acres of land", f"ਵੱਧ ਤੋਂ ਵੱਧ {acres} ਏਕੜ ਜ਼ਮੀਨ ਹੈ", f"अधिकतम {acres} एकड़ भूमि है"))


def is_(fact, en, pa, hi):
    return clause(fact, [("is", True)], (en, pa, hi))


FARMER = is_("is_farmer", "works land as a farmer", "ਕਿਸਾਨ ਹੈ", "किसान है")
STUDENT = is_("is_student", "is a student", "ਵਿਦਿਆਰਥੀ ਹੈ", "विद्यार्थी है")
WIDOW = is_("is_widow", "is a widow", "ਵਿਧਵਾ ਹੈ", "विधवा है")
WOMAN = clause("gender", [("equals", "female")], ("is a woman or a girl", "ਔਰਤ ਜਾਂ ਕੁੜੀ ਹੈ", "महिला या बालिका है"))
CERTIFIED = is_("is_certified_by_department", "is certified by the department to belong to the scheme's group",
                "ਵਿਭਾਗ ਵੱਲੋਂ ਸਕੀਮ ਲਈ ਤਸਦੀਕਸ਼ੁਦਾ ਹੈ", "विभाग द्वारा योजना के लिए प्रमाणित है")
RATION_CARD = is_("holds_ration_card", "holds a ration card", "ਰਾਸ਼ਨ ਕਾਰਡ ਹੈ", "राशन कार्ड है")
WORKER = is_("is_registered_worker", "is a registered worker", "ਰਜਿਸਟਰਡ ਕਾਮਾ ਹੈ", "पंजीकृत श्रमिक है")
VENDOR = is_("is_street_vendor", "sells on the street with a certificate", "ਸਰਟੀਫਿਕੇਟ ਵਾਲਾ ਰੇਹੜੀ-ਫੜ੍ਹੀ ਵਾਲਾ ਹੈ", "प्रमाणपत्र वाला रेहड़ी-पटरी विक्रेता है")
HOMELESS = is_("has_no_house", "owns no house", "ਆਪਣਾ ਘਰ ਨਹੀਂ ਹੈ", "अपना घर नहीं है")
STARTUP = clause("is_recognised_startup", [("is", True)], (
    "is a recognised startup", "ਮਾਨਤਾ ਪ੍ਰਾਪਤ ਸਟਾਰਟਅੱਪ ਹੈ", "मान्यता प्राप्त स्टार्टअप है"), since="2022-04-01")
UNEMPLOYED = is_("is_unemployed", "has no employment", "ਬੇਰੁਜ਼ਗਾਰ ਹੈ", "बेरोज़गार है")
DISABLED = clause("disability_percent", [("at_least", 40)], (
    "has a disability of at least 40 per cent", "ਘੱਟੋ-ਘੱਟ 40 ਫ਼ੀਸਦੀ ਅਪੰਗਤਾ ਹੈ", "कम से कम 40 प्रतिशत दिव्यांगता है"))
MARKS = clause("marks_percent", [("at_least", 80)], ("had at least 80 per cent of the marks", "ਘੱਟੋ-ਘੱਟ 80 ਫ਼ੀਸਦੀ ਅੰਕ ਹਨ", "कम से कम 80 प्रतिशत अंक हैं"))
UNITS = clause("electricity_units_month", [("at_most", 300)], (
    "uses at most 300 units of electricity a month", "ਮਹੀਨੇ ਵਿੱਚ ਵੱਧ ਤੋਂ ਵੱਧ 300 ਯੂਨਿਟ ਬਿਜਲੀ ਵਰਤਦਾ ਹੈ", "महीने में अधिकतम 300 यूनिट बिजली खर्च करता है"), since="2022-07-01")

# The income limit of pensions was raised once, so that the same facts are judged differently by day.
PENSION_INCOME = [income_to(24_000, until="2016-04-01"), income_to(60_000, since="2016-04-01")]

CLAUSES = {
    "Punjab Kisan Karz Mafi Scheme": [FARMER, land_to(5)],
    "Punjab Medhavi Chhatra Puraskar": [STUDENT, MARKS, income_to(250_000)],
    "Ghar Ghar Rozgar & Karobar Mission": [UNEMPLOYED, age_from(18), age_to(40)],
    "Punjab Basera Scheme": [HOMELESS, income_to(300_000)],
    "Old Age Pension Scheme": [age_from(58), *PENSION_INCOME, land_to(2)],
    "Disabled Persons Pension Scheme": [DISABLED, *PENSION_INCOME],
    "SC/BC Self Employment Loan Scheme": [CERTIFIED, age_from(18), age_to(50), income_to(300_000)],
    "Sarbat Sehat Bima Yojana": [RATION_CARD],
    "Vidhwa (Widow) Pension Scheme": [WIDOW, age_to(58), *PENSION_INCOME],
    "Nanhi Chhaan Scheme": [WOMAN, age_to(18)],
    "Kisan Solar Pump Scheme": [FARMER, land_to(10)],
    "Free Electricity Scheme for Farmers": [FARMER],
    "SC Post-Matric Scholarship": [STUDENT, CERTIFIED, income_to(250_000)],
    "Punjab Smart Connect Scheme": [STUDENT, age_from(14), age_to(19)],
    "Labour Welfare Fund Scheme": [WORKER],
    "PM SVANidhi (Street Vendor Loan)": [VENDOR, age_from(18)],
    "Atta-Dal Scheme": [RATION_CARD, income_to(60_000), land_to(2)],
    "Ashirwad (Shagun) Scheme": [WOMAN, age_from(18), CERTIFIED, income_to(32_790)],
    "Free 300 Units Domestic Electricity": [UNITS],
    "Punjab Startup Policy 2022": [STARTUP],
}


def clauses(name):
    """The clauses of a scheme: whoever it is for lives in Punjab."""
    return [lives_here()] + CLAUSES[name]


def begins(name):
    """The day from which a scheme is there: when each fact that it asks for has a clause."""
    first = {}
    for lines in map(dict, clauses(name)):
        first[lines["fact"]] = min(lines["valid_from"], first.get(lines["fact"], "9999"))
    return max(first.values())
