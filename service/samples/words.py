"""The words that sample names, addresses and lines of work are made of. Every domain is one kept for examples."""

from __future__ import annotations


def _words(text: str, separator: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(separator))


#: First words of company names; with ``TRADES`` they make more names than are needed.
PLACES = _words(
    "Alder Ashgrove Bayview Beacon Birchwood Blackwater Bridgeport Brookfield Canyon Cedar Clearwater Copper "
    "Crestline Dalewood Eastgate Elmhurst Evergreen Fairmont Foxhill Glenmore Granite Hawthorne Highland "
    "Ironwood Juniper Kestrel Lakeside Larkspur Maplewood Meadow Milestone Northgate Oakridge Orchard Pinecrest "
    "Quarry Redwood Riverside Rosewood Saltmarsh Silverton Stonebridge Summit Thornbury Valley Westbrook "
    "Whitfield Willow Windmill Yarrow"
)
TRADES = _words(
    "Apartments|Bakery|Brewing Company|Builders|Carpentry|Car Wash|Catering|Cold Storage|Community College|"
    "Concrete|Dental Centre|Design Studio|Distribution|Electrical|Estates|Event Hall|Farm Supplies|Fitness Club|"
    "Flooring|Garden Centre|Glass|Golf Club|Grocers|Guest House|Hardware|Heating|Hospital Trust|Hotel|"
    "Insurance Brokers|Joinery|Landscapes|Law Office|Library|Logistics|Machine Works|Medical Group|Motors|"
    "Music School|Nursery|Opticians|Painters|Pet Clinic|Plumbing|Primary School|Print Works|Property Management|"
    "Restaurants|Retirement Homes|Roofing|Self Storage|Software|Solar|Surveyors|Theatre|Timber|Tyres|"
    "Veterinary Clinic|Winery",
    "|",
)
SUFFIXES = ("", "", "", "", " Ltd", " LLC", " Inc.", " & Sons", " Group")

#: Companies whose names are not plain ASCII: (name, domain without its ending, country).
ELSEWHERE = (
    # Latin with diacritics
    ("Müller & Söhne Dachdeckerei", "mueller-soehne", "DE"),
    ("Bäckerei Größmann", "baeckerei-groessmann", "DE"),
    ("Hôtel Château d'Été", "chateau-ete", "FR"),
    ("Boulangerie Noël Frères", "noel-freres", "FR"),
    ("Señor Peña Construcción", "senor-pena", "MX"),
    ("Jardinería Núñez", "jardineria-nunez", "MX"),
    ("Řezníček Stavby", "reznicek", "CZ"),
    ("Žižkov Instalatér", "zizkov", "CZ"),
    ("Łódź Szkło", "lodz-szklo", "PL"),
    ("Zakład Stolarski Wójcik", "wojcik", "PL"),
    ("Åkerlund Måleri", "akerlund", "SE"),
    ("Smørrebrød på Torvet", "torvet", "DK"),
    ("Þórsson Rafverk", "thorsson", "IS"),
    ("Iş\u0131k İnşaat", "isik-insaat", "TR"),
    ("Nguyễn Văn Thép", "nguyen-thep", "VN"),
    ("Óbidos Cerâmica São João", "sao-joao", "PT"),
    # Cyrillic
    ("Строител София", "stroitel-sofia", "BG"),
    ("Пекарна Слънце", "pekarna-slantse", "BG"),
    ("Хотел Родопи", "hotel-rodopi", "BG"),
    ("Електро Пловдив", "elektro-plovdiv", "BG"),
    ("Градина Варна", "gradina-varna", "BG"),
    ("Аптека Здраве", "apteka-zdrave", "BG"),
    ("Київський ліфт", "kyiv-lift", "UA"),
    ("Львівська кав'ярня", "lviv-cafe", "UA"),
    # Greek
    ("Ελαιώνας Κρήτης", "elaionas-kritis", "GR"),
    ("Κατασκευές Παπαδόπουλος", "papadopoulos", "GR"),
    ("Ξενοδοχείο Αιγαίο", "xenodocheio-aigaio", "GR"),
    ("Φούρνος της Γειτονιάς", "fournos-geitonias", "GR"),
    ("Υδραυλικά Σίσυφος", "ydravlika-sisyfos", "GR"),
    ("Ιατρείο Ασκληπιός", "iatreio-asklipios", "GR"),
    ("Θέατρο Μελίνα", "theatro-melina", "GR"),
    ("Τυπογραφείο Ερμής", "typografeio-ermis", "GR"),
    # Han
    ("龙腾建筑有限公司", "longteng", "CN"),
    ("北京春天酒店", "chuntian-hotel", "CN"),
    ("上海明珠物业", "mingzhu", "CN"),
    ("长城电气", "changcheng", "CN"),
    ("台北花園餐廳", "taipei-garden", "TW"),
    ("山田工務店", "yamada-koumuten", "JP"),
    ("桜歯科医院", "sakura-shika", "JP"),
    ("東京硝子株式会社", "tokyo-garasu", "JP"),
    # Arabic
    ("مخبز النخيل", "nakheel-bakery", "AE"),
    ("فندق اللؤلؤة", "pearl-hotel", "AE"),
    ("شركة البناء الحديث", "modern-build", "AE"),
    ("صيدلية الشفاء", "shifa", "EG"),
    ("مكتبة القاهرة", "cairo-books", "EG"),
    ("عيادة الأمل", "amal-clinic", "JO"),
    ("مطعم الياسمين", "yasmeen", "JO"),
    ("ورشة النجار", "najjar", "EG"),
    # Devanagari
    ("शर्मा निर्माण", "sharma-nirman", "IN"),
    ("गंगा होटल", "ganga-hotel", "IN"),
    ("हिमालय विद्यालय", "himalaya-school", "IN"),
    ("सूर्य ऊर्जा", "surya-urja", "IN"),
    ("लक्ष्मी मिठाई भंडार", "lakshmi-sweets", "IN"),
    ("पटेल हार्डवेयर", "patel-hardware", "IN"),
    ("आरोग्य चिकित्सालय", "arogya", "IN"),
    ("भारत मुद्रणालय", "bharat-print", "IN"),
)

#: Customers that the packages' sample companies know by the same name and e-mail: (name, e-mail, region, first and last
#: name of their person there, whether our own books say something else about them than the package's).
KNOWN_THERE = (
    ("Amy's Bird Sanctuary", "amysbirdsanctuary@example.com", "CA", "Amy", "Lauterbach", True),
    ("Bill's Windsurf Shop", "billswindsurfshop@example.com", "CA", "Bill", "Lucchini", False),
    ("Cool Cars", "coolcars@example.com", "CA", "Grace", "Pariente", False),
    ("Freeman Sporting Goods", "freemansportinggoods@example.com", "CA", "Kirby", "Freeman", False),
    ("Sonnenschein Family Store", "sonnenscheinfamilystore@example.com", "CA", "Russ", "Sonnenschein", False),
    ("Ridgeway University", "katherine@ridgewayuniversity.example.com", "AZ", "Katherine", "Ridge", False),
    ("City Limousines", "martin@citylimousines.example.com", "AZ", "Martin", "Dale", True),
    ("Bayside Club", "bob@baysideclub.example.com", "CA", "Bob", "Partridge", False),
)

#: The client whose name a vendor bears at one package.
COLLIDING = "Harbour Roofing"

#: Names that are awkward somewhere: a quote in a filter, angle brackets that one package refuses, an apostrophe.
AWKWARD = (
    ('The "Blue Door" Café', "blue-door"),
    ("Walsh <North> Electrical", "walsh-north"),
    ("O'Brien's Yard", "obriens-yard"),
    ("50% Off Furniture / Outlet #7", "fifty-off"),
    ("Zoe\u0301 & Co", "zoe-co"),  # written with a combining accent on purpose
)

#: Exactly as long as a name may be.
LONGEST = (
    "Trustees of the Consolidated Regional Association for the Upkeep, Repair and Public Enjoyment of Historic "
    "Harbours, Piers, Lighthouses, Slipways, Bridges and Canals of the Northern Coast and the Islands, formerly the "
    "Friends of the Old Ferry Landing Trust"
)

FIRST_NAMES = _words(
    "Ada Alan Amy Anna Ben Carla Chen Clara Dan Dilip Elena Emma Eva Femi Grace Hana Ines Ivan James Jorge Jo "
    "Kai Kofi Lara Lena Leo Lucía Maja Marek Maya Mia Nadia Nils Noor Olga Omar Oskar Paula Priya Quinn Rosa "
    "Ruth Sam Sofia Tariq Théo Uma Vera Will Yuki Zoë"
)
LAST_NAMES = _words(
    "Adams Åberg Baker Brandt Carter Castillo Chen Costa Dubois Eriksen Evans Fischer Ferreira Garcia Gupta "
    "Haddad Hughes Ito Jensen Kaya Kim Kovács Larsen Lee López Malik Meyer Moreau Müller Nakamura Novák Okafor "
    "Olsen Patel Petrov Quist Ricci Rossi Sato Schmidt Silva Smith Svensson Tanaka Turner Usman Vargas Walker "
    "Weiß Wood Yilmaz Zhang"
)
#: People outside the Latin script: (first name, last name, mail box).
PEOPLE_ELSEWHERE = (
    ("Мария", "Иванова", "maria.ivanova"),
    ("Γιώργος", "Νικολάου", "giorgos.nikolaou"),
    ("伟", "王", "wei.wang"),
    ("ليلى", "حداد", "layla.haddad"),
    ("अनिल", "वर्मा", "anil.verma"),
)
ROLES = ("Accounts", "Site manager", "Owner", "Purchasing", "Facilities", "Project manager", "Reception")

STREETS = _words(
    "Acorn Alder Bay Beech Bridge Canal Chapel Cherry Church College Dock Elm Ferry Field Garden Harbour High "
    "Hill King Lake Lime Main Market Mill North Oak Park Pine Quay River School Station Sunset Union Victoria "
    "Water"
)
STREET_KINDS = ("Street", "Road", "Avenue", "Lane", "Drive", "Way")
#: Towns of the home country by region: (region, telephone area, ((town, postal code), ...)).
REGIONS = (
    (
        "CA",
        "650",
        (("Bayshore", "94326"), ("Middlefield", "94482"), ("South Orange", "94213"), ("Half Moon Bay", "94213")),
    ),
    ("AZ", "520", (("Tucson", "85719"), ("Marana", "85653"), ("Oro Valley", "85737"))),
    ("TX", "512", (("Austin", "73301"), ("Round Rock", "78664"))),
    ("WA", "206", (("Seattle", "98101"), ("Tacoma", "98402"))),
)
#: One town abroad by country: (town, postal code).
TOWNS_ABROAD = {
    "AE": ("Dubai", None),
    "BG": ("Plovdiv", "4000"),
    "CN": ("Shanghai", "200000"),
    "CZ": ("Praha", "110 00"),
    "DE": ("Lübeck", "23552"),
    "DK": ("Aarhus", "8000"),
    "EG": ("Cairo", "11511"),
    "FR": ("Orléans", "45000"),
    "GR": ("Chania", "731 00"),
    "IN": ("Pune", "411001"),
    "IS": ("Reykjavík", "101"),
    "JO": ("Amman", "11110"),
    "JP": ("Tokyo", "100-0001"),
    "MX": ("Mérida", "97000"),
    "PL": ("Łódź", "90-001"),
    "PT": ("Óbidos", "2510-001"),
    "SE": ("Malmö", "211 00"),
    "TR": ("Izmir", "35000"),
    "TW": ("Taipei", "100"),
    "UA": ("Lviv", "79000"),
    "VN": ("Đà Nẵng", "550000"),
}

#: Names of jobs straight below a client, and of what they divide into. They repeat between clients on purpose.
JOBS = _words(
    "Phase 1|Phase 2|Roof replacement|Kitchen refit|Office extension|Warehouse lighting|Annual maintenance|"
    "Car park|Boiler room|Reception refurbishment|Fire alarm upgrade|Window replacement|Solar installation|"
    "Site clearance",
    "|",
)
PARTS = _words(
    "Phase 1|Phase 2|Phase 3|North wing|South wing|Ground floor|First floor|Basement|Snagging|Electrics|Plumbing|"
    "Painting|Unit 1|Unit 2|Unit 3|Handover",
    "|",
)
SITES = ("Main site", "Depot", "Head office", "Annexe", "Showroom", "Yard")

#: Work as it stands on invoices: (description, smallest and largest unit price in cents, whether quantities are hours).
WORK = (
    ("Labour", 4500, 9500, True),
    ("Specialist labour, out of hours", 9000, 16500, True),
    ("Call-out", 8000, 12000, False),
    ("Materials as listed on the job sheet", 1250, 240000, False),
    ("Scaffolding hire, per week", 35000, 90000, False),
    ("Skip hire and disposal", 22000, 38000, False),
    ("Electrical fittings", 499, 18999, False),
    ("Pipework and valves", 350, 12500, False),
    ("Paint and sundries", 799, 6499, False),
    ("Design and drawings", 15000, 250000, False),
    ("Permit fees, passed on", 5000, 64000, False),
    ("Inspection and certificate", 9900, 29900, False),
    ("Travel, per mile", 65, 72, False),
)
METHODS = ("Check", "Check", "Visa", "MasterCard", "Cash")
