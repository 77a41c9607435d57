"""Makes the small tables of the generator from the gathered lists: python3 prepare.py GATHERED

The lists say which names there are and how they are built; they do not say how often each occurs. Weights here are
this script's own: names fall off by rank as names do (1 / (rank + 10)), with well-known names first and the others in
the order of a hash. What is written stands in README.md.
"""

import csv
import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).parent

# Well-known names, most common first. A name's era says whom it is given to: the old, the young or anybody.
HEADS = {
    ("punjab", "m"): """Gurpreet Harpreet Manpreet Amandeep Kuldeep Gurmeet Balwinder Sukhwinder Jaswinder Kulwinder Jagtar
        Harjinder Gurdeep Mandeep Jagdeep Lakhwinder Paramjeet Satnam Baljinder Ranjeet Amarjeet Charanjeet Hardeep
        Avtar Surjeet Baldev Sukhdev Gurdev Jarnail Balbir Gurnam Harbhajan Darshan Mohinder Joginder Kartar Pritam
        Mukhtiar Malkeet Nirmal Balkar Kashmir Sarabjeet Ramandeep Gagandeep Navdeep Jaspreet Satwinder Rajinder
        Surinder Parminder Tejinder Bhupinder Davinder Narinder Jatinder Maninder Harvinder Gursewak Jagjeet Jagroop
        Gurjant Swaran Major Bikramjeet Rupinder Manjeet Lovepreet Akashdeep Jashanpreet Arshdeep Harmanpreet Karanveer
        Gurnoor Ekamjot Fatehveer Prabhjot Navjot Dilpreet Anmolpreet Harkirat Gursharan Karamjeet Sukhpal Rachhpal""",
    ("punjab", "f"): """Manpreet Amandeep Harpreet Gurpreet Rajwinder Jaspreet Kulwinder Sukhwinder Paramjeet Balwinder
        Jaswinder Baljeet Sarabjeet Ramandeep Kuldeep Simranjeet Kiranjeet Amarjeet Gurmeet Manjeet Surinder Rupinder
        Mandeep Navdeep Jasvir Charanjeet Surjeet Mohinder Gurdev Jaswant Balbir Kulwant Harbans Gurnam Pritam Kartar
        Bachan Chhinder Jasbir Parminder Lakhwinder Karamjeet Veerpal Sandeep Sukhpreet Ramanpreet Kamaljeet Gagandeep
        Lovepreet Navneet Jasleen Harleen Gurleen Simran Khushpreet Jashanpreet Arshdeep Kirandeep Rajveer Harnoor
        Gurnoor Ekamjot Prabhjot Navjot Palwinder Hardeep Swaranjeet Bhupinder Jagjeet Sukhjeet Nirmal""",
    ("plain", "m"): """Rakesh Rajesh Vijay Ashok Ramesh Suresh Sanjay Vinod Raj Sunil Anil Pawan Manoj Deepak Mukesh
        Rajinder Subhash Krishan Om Ravi Sandeep Ajay Naresh Satish Jagdish Madan Mohan Som Ram Baldev Tarsem Kewal
        Kishori Chaman Parkash Gurdas Sohan Roshan Gian Karam Rahul Rohit Amit Ankit Vishal Sahil Aryan Karan Nitin
        Harish Yash Lovely Sonu Vicky Prem Desh Tilak Bansi Hans Des Bihari Munshi Amar Sat Jeet""",
    ("plain", "f"): """Sunita Anita Neelam Pooja Rekha Asha Kamlesh Seema Usha Santosh Reena Geeta Suman Kiran Jyoti Meena
        Poonam Kanta Kamla Krishna Parveen Sonia Mamta Ritu Anjali Neha Priya Kajal Komal Muskan Nisha Simran Shanti
        Veena Vidya Darshana Pushpa Raj Bimla Savitri Urmila Nirmala Saroj Bala Sheela Manju Babita Rajni Monika Renu""",
}
OLD = set("""Baldev Gurdev Jarnail Gurnam Harbhajan Darshan Mohinder Joginder Kartar Pritam Mukhtiar Balkar Kashmir
    Swaran Major Balbir Surjeet Avtar Harbans Bachan Jaswant Kulwant Chhinder Gian Karam Sohan Kishori Chaman Desh Bansi Hans
    Des Munshi Om Som Tilak Jagdish Gurdas Kamla Krishna Kanta Shanti Vidya Bimla Savitri Darshana Kehar Ujagar Puran
    Ishar Lajwanti Nathu Bishan Dayal Udham Sardool Chanan Ralla Bhagwanti Dhanwanti Gulabo Basanti Hardev Hargobind""".split())
YOUNG = set("""Lovepreet Akashdeep Jashanpreet Arshdeep Harmanpreet Karanveer Gurnoor Ekamjot Fatehveer Dilpreet
    Anmolpreet Harkirat Navneet Jasleen Harleen Gurleen Simran Khushpreet Harnoor Rahul Rohit Amit Ankit Vishal Sahil Aryan
    Karan Nitin Yash Vicky Sonu Anjali Neha Priya Kajal Komal Muskan Nisha Abeer Armaan Dhruv Umang Vivanraj Yuvraj Zorawar
    Aanchal Anoushka Anvika Ishika Kavya Tanisha Yashika Navjot Prabhjot""".split())
# Surnames that village clans of the first custom bear, beside those of the list.
CLANS = """Sidhu Gill Sandhu Dhillon Brar Dhaliwal Grewal Mann Virk Randhawa Bhullar Sekhon Chahal Cheema Bajwa Aulakh
    Deol Sohal Toor Buttar Bains Kang Pannu Kahlon Nijjar Sahota Sohi Hundal Johal Mangat Dhindsa Maan Boparai Ghuman Saini
    Hayer Benipal Jhajj Sra Waraich Thind Kamboj Multani Matharu Bhamra Kalsi Sagoo Virdi Panesar Lotey""".split()
PLAIN = """Sharma Verma Gupta Bansal Garg Goyal Jindal Singla Mittal Mahajan Khanna Kapoor Arora Chopra Malhotra Bhatia
    Sood Jain Kalra Sethi Dhawan Joshi Vashisht Kaushal Saini Thakur Rana Chauhan Bhagat Heer Badhan Bhatti Sahota Gill
    Bangar Mehra Attri Sachdeva Grover Wadhwa Narula Ahuja Juneja Gulati Dogra Sabharwal Duggal Passi Bedi""".split()
OTHER = "Khan Masih Ali Mohammad Gill Bhatti Sheikh Malik Ansari Sahotra".split()


def rank_weights(names, era=True):
    for rank, name in enumerate(names):
        yield name, round(10000 / (rank + 10)), "old" if name in OLD else "young" if name in YOUNG else "any"


def by_hash(names):
    return sorted(set(names), key=lambda name: hashlib.sha256(name.encode()).digest())


def usual_spelling(name):
    for ending, usual in (("vindar", "winder"), ("jindar", "jinder"), ("mindar", "minder"), ("shindar", "shinder"), ("indar", "inder")):
        if name.endswith(ending):
            return name.removesuffix(ending) + usual
    return name


def main(gathered):
    names = Path(gathered) / "names"
    parts = list(csv.DictReader(open(names / "punjab_name_parts.csv")))
    india = list(csv.DictReader(open(names / "given_names.csv")))
    surnames = list(csv.DictReader(open(names / "surnames.csv")))
    lists = {}
    for row in parts:
        lists.setdefault(row["list"], []).append(usual_spelling(row["name"].strip().capitalize()))
    composed = {"m": lists["suffix_to_prefixes_male"], "f": lists["suffix_to_prefixes_female"]}
    plain = {"m": lists["punjabi_hindu_male_names"], "f": lists["punjabi_hindu_female_names"]}
    good = lambda name: name.isascii() and name.isalpha() and 3 <= len(name) <= 14
    rows = []
    for sex in "mf":
        word = {"m": "male", "f": "female"}[sex]
        built = {name for name in composed[sex] if good(name)}
        for custom, rest in (("punjab", built), ("plain", {name for name in plain[sex] if good(name)} - built)):
            heads = HEADS[custom, sex].split()
            ranked = heads + [name for name in by_hash(rest) if name not in heads]
            rows += [(name, sex, custom, weight, era) for name, weight, era in rank_weights(ranked)]
        north = by_hash(row["name"] for row in india if row["gender"] == word and row["takes_singh_or_kaur"] == "true" and good(row["name"]))
        other = by_hash(row["name"] for row in india if row["gender"] == word and row["takes_singh_or_kaur"] == "false" and int(row["weight"]) == 20 and good(row["name"]))
        for custom, ranked in (("migrant", plain[sex] + north), ("other", other)):
            ranked = [name for name in dict.fromkeys(ranked) if good(name)]
            rows += [(name, sex, custom, weight, "any") for name, weight, era in rank_weights(by_hash(ranked))]
    write("given_names.csv", "name,sex,custom,weight,era", rows)

    rows = []
    clans = CLANS + [name for name in by_hash(lists["punjabi_surnames"]) if name not in CLANS and good(name)]
    plains = PLAIN + [name for name in by_hash(lists["punjabi_hindu_surnames"]) if name not in PLAIN and good(name)]
    for custom, ranked in (("punjab", clans), ("plain", plains), ("other", OTHER)):
        rows += [(name, custom, weight) for name, weight, _ in rank_weights(ranked)]
    rows += [(row["surname"], "migrant", int(row["weight"]) * 10) for row in surnames if row["surname"] not in ("Singh", "Kaur") and good(row["surname"])]
    write("surnames.csv", "surname,custom,weight", rows)

    # Census district -> LGD code, and the districts that were split from it since, with an assumed share.
    lgd = {35: 32, 36: 35, 37: 34, 38: 33, 39: 40, 40: 30, 41: 36, 42: 38, 43: 31, 44: 39, 45: 29, 46: 28, 47: 37, 48: 41,
           49: 27, 50: 609, 51: 42, 52: 608, 53: 43, 54: 605}
    split = {43: (651, 0.50), 35: (662, 0.29), 53: (737, 0.26)}
    rows = []
    for row in csv.DictReader(open(Path(gathered) / "places" / "punjab_districts_census_2011.csv")):
        census, people = int(row["district_code_census2011"]), int(row["population"])
        if census in split:
            young, share = split[census]
            rows.append((young, round(people * share)))
            people -= round(people * share)
        rows.append((lgd[census], people))
    write("districts.csv", "lgd_code,population", sorted(rows))


def write(name, header, rows):
    with open(HERE / name, "w") as file:
        file.write(header + "\n")
        file.writelines(",".join(map(str, row)) + "\n" for row in rows)


if __name__ == "__main__":
    main(sys.argv[1])
