//! Names of people and firms, addresses and places.

use super::*;

#[test]
fn names_of_people_relatives_and_firms() {
    good(Kind::PersonName, "SMT. GURPREET KAUR W/O HARBHAJAN SINGH", "Gurpreet Kaur");
    bad(Kind::PersonName, "S/o Harbhajan Singh", QualityRule::Kind);
    bad(Kind::PersonName, "12345", QualityRule::Kind);
    let clean = standardizer();
    let father = attribute("father_name", Kind::PersonName, None);
    assert_eq!(clean.standardize(&father, &hint(), "S/o Harbhajan Singh").good().as_deref(), Some("Harbhajan Singh"));
    for (raw, expected) in [
        ("M/S GILL TRADERS", "Gill Traders"),
        ("Messrs. Gill & Sons (P) Ltd.", "Gill & Sons Pvt Ltd"),
        ("GILL PRIVATE LIMITED", "Gill Pvt Ltd"),
        ("Gill Foods LLP", "Gill Foods LLP"),
        ("GILL AUTOMOBILES (REGD.)", "Gill Automobiles"),
        ("Regd.", "Regd"),
        ("Gill Store Prop. S. Gurpreet Singh", "Gill Store"),
        ("ਗਿੱਲ ਸਟੋਰ", "ਗਿੱਲ ਸਟੋਰ"),
        ("24x7 Store", "24x7 Store"),
        ("Limited", "Limited"),
        ("Gill Store through Gurpreet Singh", "Gill Store"),
        ("ਗਿੱਲ ਸਟੋਰ ਪ੍ਰੋ. ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "ਗਿੱਲ ਸਟੋਰ"),
        ("गिल स्टोर प्रा. लि.", "गिल स्टोर Pvt Ltd"),
    ] {
        good(Kind::BusinessName, raw, expected);
    }
}

#[test]
fn a_firms_distinguishing_words_are_never_none() {
    for (raw, core) in
        [("Gill Traders", vec!["Gill"]), ("The Store", vec!["The"]), ("Trading Company", vec!["Trading", "Company"])]
    {
        assert_eq!(business::parse_business_name(raw).core, core, "{raw}");
    }
}

#[test]
fn addresses_take_one_order_and_lose_their_pin() {
    for (raw, expected) in [
        (
            "H.NO. 12-B, VPO RURKA KALAN, TEH. PHILLAUR, DISTT. JALANDHAR, PUNJAB - 144031",
            "House 12-B, Rurka Kalan, PO Rurka Kalan, Tehsil Phillaur, District Jalandhar",
        ),
        ("VILL. RURKA P.O. GORAYA TEH PHILLAUR", "Rurka, PO Goraya, Tehsil Phillaur"),
        ("#45 Model Town, Ludhiana-141002", "House 45, Model Town, Ludhiana"),
        ("45 Model Town, Near Gurdwara, Ludhiana", "House 45, Model Town, Near Gurdwara, Ludhiana"),
        ("Near Bus Stand, Street No 4, Moga", "Moga, Near Bus Stand, Street No 4"),
        ("ਪਿੰਡ ਰੁੜਕਾ ਡਾਕਖਾਨਾ ਗੋਰਾਇਆ ਜ਼ਿਲ੍ਹਾ ਜਲੰਧਰ", "ਰੁੜਕਾ, PO ਗੋਰਾਇਆ, District ਜਲੰਧਰ"),
        ("H.Nº 1648 – Gandhi Nagar, PO Dasua", "House 1648, Gandhi Nagar, PO Dasua"),
        ("Shop No 100, Railway Road, Sant Town, Patiala", "House 100, Sant Town, Railway Road, Patiala"),
        ("Model Town - Ludhiana", "Model Town, Ludhiana"),
        ("Dharamshala House", "Dharamshala House"),
        ("Gali No. 4 Model Town, Moga", "Model Town, Gali No 4, Moga"),
        ("Model Town Gali 4 Near Park", "Model Town, Gali 4, Near Park"),
        ("Makan No. 12 Ward No 5 Phillaur", "House 12, Phillaur, Ward No 5"),
        ("ਮ.ਨੰ. 12, ਗਲੀ ਨੰ. 4, ਮੋਗਾ", "House 12, ਮੋਗਾ, ਗਲੀ ਨੰ 4"),
        ("H # 12, Rurka", "House 12, Rurka"),
        ("12 High Street, Leeds", "House 12, Leeds, High Street"),
    ] {
        good(Kind::Address, raw, expected);
    }
    let parts = address::parse_address("ਮ.ਨੰ. 12, ਗਲੀ ਨੰ. 4, ਵਾਰਡ 7, ਮੋਗਾ");
    assert_eq!((parts.house.as_deref(), parts.street(), parts.ward()), (Some("12"), Some("4"), Some("7")));
    assert!(parts.is_labelled() && !address::parse_address("12 High Street, Leeds").is_labelled());
    assert_eq!(address::split_pin("Model Town Ludhiana 141002").as_deref(), Some("141002"));
    assert_eq!(address::split_pin("H.No. 1410, Ludhiana"), None);
    for (raw, expected) in [
        ("VPO RURKA KALAN", "Rurka Kalan"),
        ("V.P.O. Rurka Kalan, Teh. Phillaur", "Rurka Kalan"),
        ("Village: Rurka (144031)", "Rurka"),
        ("rurka kalan punjab", "Rurka Kalan"),
        ("Sector 22", "Sector 22"),
        ("H.No. 12, Rurka Kalan", "Rurka Kalan"),
        ("# 12-B, VPO Rurka Kalan", "Rurka Kalan"),
        ("12-B, Model Town, Ludhiana", "Model Town"),
        ("H.No. 12 Rurka Kalan", "Rurka Kalan"),
        ("Ward No. 5, Phillaur", "Phillaur"),
        ("Street 4, Near Gurdwara, Moga", "Moga"),
        ("H.No. 12", "H No 12"),
        ("Ward 5", "Ward 5"),
        ("ਪਿੰਡ ਰੁੜਕਾ", "ਰੁੜਕਾ"),
        ("Punjab", "Punjab"),
    ] {
        good(Kind::PlaceName, raw, expected);
    }
}
