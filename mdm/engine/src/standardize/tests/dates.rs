//! Dates and instants.

use super::*;

#[test]
fn dates_are_read_as_registers_write_them() {
    for raw in [
        "01/03/1985",
        "1-3-1985",
        "01.03.1985",
        "01 03 1985",
        "1985-03-01",
        "1985/03/01",
        "19850301",
        "01031985",
        "1-Mar-1985",
        "01-MARCH-1985",
        "1st March 1985",
        "March 1, 1985",
        "01Mar1985",
        "੦੧/੦੩/੧੯੮੫",
        "1 ਮਾਰਚ 1985",
        "१ मार्च १९८५",
        "1985年3月1日",
        "１９８５年０３月０１日",
        "1985년 3월 1일",
        "٠١/٠٣/١٩٨٥",
        "۱۹۸۵-۰۳-۰۱",
        "1. März 1985",
        "01.Mrz.1985",
        "1er mars 1985",
        "1 de marzo de 1985",
        "1º de Março de 1985",
        "1 marzo 1985",
        "1 maart 1985",
        "1985-03-01T00:00:00",
        "01/03/1985 10:30 AM",
        "1985-03-01 00:00:00.000",
    ] {
        good(Kind::Date, raw, "1985-03-01");
    }
    good(Kind::Date, "1985", "1985");
    good(Kind::Date, "00/00/1985", "1985");
    good(Kind::Date, "03/1985", "1985-03");
    good(Kind::Date, "Mar-1985", "1985-03");
    good(Kind::Date, "00-03-1985", "1985-03");
    good(Kind::Date, "29/02/2024", "2024-02-29");
}

#[test]
fn months_are_read_in_the_languages_of_western_europe() {
    for (month, names) in [
        ("01", &["Januar", "Jänner", "janvier", "enero", "janeiro", "gennaio", "januari", "ene", "gen"][..]),
        ("02", &["Februar", "février", "fevrier", "febrero", "fevereiro", "febbraio", "fév"]),
        ("05", &["Mai", "mayo", "maio", "maggio", "mei"]),
        ("08", &["août", "aout", "agosto", "augustus", "ago"]),
        ("10", &["Oktober", "octobre", "octubre", "outubro", "ottobre", "Okt"]),
        ("12", &["Dezember", "décembre", "diciembre", "dezembro", "dicembre", "Dez", "dic"]),
    ] {
        for name in names {
            good(Kind::Date, &format!("4 {name} 1985"), &format!("1985-{month}-04"));
        }
    }
    bad(Kind::Date, "4 jui 1985", QualityRule::Kind);
}

#[test]
fn only_for_comparing_is_a_year_of_two_digits_read() {
    let read = |text, order| date::parse_date_of_any_century(text, order).map(|date| date.to_string());
    assert_eq!(read("01/03/85", DateOrder::Dmy).unwrap(), "1985-03-01");
    assert_eq!(read("3/25/05", DateOrder::Mdy).unwrap(), "2005-03-25");
    assert_eq!(read("1-Mar-30", DateOrder::Dmy).unwrap(), "1930-03-01");
    assert_eq!(read("85-03-01", DateOrder::Ymd).unwrap(), "1985-03-01");
    assert_eq!(read("01/03/1985", DateOrder::Dmy).unwrap(), "1985-03-01");
    for (text, order) in [("3/25/05", DateOrder::Dmy), ("03/85", DateOrder::Dmy), ("010385", DateOrder::Dmy)] {
        assert!(read(text, order).is_err(), "{text}");
    }
}

#[test]
fn a_date_that_may_mean_another_is_refused() {
    bad(Kind::Date, "01/03/85", QualityRule::Kind);
    bad(Kind::Date, "010385", QualityRule::Kind);
    bad(Kind::Date, "03/25/1985", QualityRule::Kind);
    bad(Kind::Date, "29/02/2023", QualityRule::Kind);
    bad(Kind::Date, "31107", QualityRule::Kind);
    bad(Kind::Date, "yesterday", QualityRule::Kind);
    bad(Kind::Date, "1/2/3/1985", QualityRule::Kind);
    bad(Kind::Date, "01/03/1885", QualityRule::Range);
    bad(Kind::Date, "01/03/2185", QualityRule::Range);
}

#[test]
fn the_declared_order_decides_and_nobody_is_born_tomorrow() {
    let clean = standardizer();
    let month_first = Hint { date_order: DateOrder::Mdy, ..hint() };
    let date = attribute("retires_on", Kind::Date, None);
    assert_eq!(clean.standardize(&date, &month_first, "03/04/2030"), Outcome::Good("2030-03-04".to_owned()));
    assert_eq!(clean.standardize(&date, &hint(), "03/04/2030"), Outcome::Good("2030-04-03".to_owned()));
    let birth = attribute("date_of_birth", Kind::Date, None);
    assert!(matches!(clean.standardize(&birth, &hint(), "11/11/2026"), Outcome::Bad { rule: QualityRule::Range, .. }));
    assert_eq!(clean.standardize(&birth, &hint(), "10/11/2026"), Outcome::Good("2026-11-10".to_owned()));
}

#[test]
fn instants_without_an_offset_are_indias() {
    for raw in [
        "31/03/2024 18:30:00",
        "31-03-2024 18:30",
        "31/03/2024 06:30 PM",
        "2024-03-31T18:30:00+05:30",
        "2024-03-31 18:30:00",
        "2024-03-31T13:00:00Z",
        "2024-03-31 13:00:00+00:00",
        "2024-03-31T18:30:00+0530",
        "2024-03-31T18:30:00.000",
        "31-Mar-2024 18:30:00 IST",
    ] {
        good(Kind::Timestamp, raw, "2024-03-31T13:00:00Z");
    }
    good(Kind::Timestamp, "31/03/2024", "2024-03-30T18:30:00Z");
    good(Kind::Timestamp, "2024-03-31T18:30:00.25", "2024-03-31T13:00:00.250Z");
    good(Kind::Timestamp, "31/03/2024 12:05 AM", "2024-03-30T18:35:00Z");
    bad(Kind::Timestamp, "2023-02", QualityRule::Kind);
    bad(Kind::Timestamp, "31/03/2024 25:00", QualityRule::Kind);
    bad(Kind::Timestamp, "6:45", QualityRule::Kind);
    bad(Kind::Timestamp, "31/03/2024 18:30:00:00", QualityRule::Kind);
}
