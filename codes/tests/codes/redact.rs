//! Aadhaar numbers in free text.

use kanak_codes::identifiers::{Aadhaar, AadhaarSearch, find_aadhaar_like, holds_aadhaar_shape, verhoeff_check_digit};
use proptest::prelude::*;

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    let found: Vec<&str> = find_aadhaar_like(text).into_iter().map(|range| &text[range]).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn numbers_are_found_plain_and_in_groups_in_three_scripts() {
    finds("234123412346", &["234123412346"]);
    finds("My no. is 2341 2341 2346.", &["2341 2341 2346"]);
    finds("(2341-2341-2346)/200000000009", &["2341-2341-2346", "200000000009"]);
    finds("2341 2341-2346", &["2341 2341-2346"]);
    finds("ਆਧਾਰ ੨੩੪੧ ੨੩੪੧ ੨੩੪੬ ਹੈ", &["੨੩੪੧ ੨੩੪੧ ੨੩੪੬"]);
    finds("आधार२३४१२३४१२३४६है", &["२३४१२३४१२३४६"]);
    finds("id234123412346x", &["234123412346"]);
    finds("2341\u{a0}2341\u{a0}2346", &["2341\u{a0}2341\u{a0}2346"]);
}

#[test]
fn numbers_next_to_other_numbers_are_found() {
    finds("2341 2341 2346 9814012345", &["2341 2341 2346"]);
    finds("12 2341 2341 2346", &["2341 2341 2346"]);
    finds("1111 2341 2341 2346", &["2341 2341 2346"]);
    finds("234123412346 234123412346", &["234123412346", "234123412346"]);
}

#[test]
fn other_numbers_are_left_alone() {
    finds("", &[]);
    finds("2341234123464", &[]);
    finds("12341234123467", &[]);
    finds("234123412347", &[]);
    finds("123412341234 222222222222", &[]);
    finds("2341 2341 23466", &[]);
    finds("9814012345, 143001", &[]);
}

#[test]
fn numbers_are_found_whatever_parts_their_groups() {
    for gap in [
        "", " ", "  ", "-", "--", " -- ", "/", "_", ",", ", ", ".", " . ", "*", "|", "\\", ") (", "]-[", "–", " – ",
        "—", "\n", "\u{200B}",
    ] {
        for lengths in [vec![4, 4, 4], vec![8, 4], vec![4, 8], vec![6, 6], vec![3; 4], vec![2; 6], vec![1; 12]] {
            let mut rest = "234123412346";
            let groups: Vec<&str> = lengths
                .iter()
                .map(|length| {
                    let (group, after) = rest.split_at(*length);
                    rest = after;
                    group
                })
                .collect();
            let number = groups.join(gap);
            finds(&format!("VPO Rurka ({number}), 12"), &[number.as_str()]);
            assert!(holds_aadhaar_shape(&number), "{number}");
        }
    }
    finds("2341/2341/2347", &[]);
    finds("2341 x 2341 x 2346", &[]);
    finds("2341 ... 2341 ... 2346", &[]);
}

#[test]
fn telephone_numbers_times_and_amounts_are_no_number_for_their_digits() {
    // Each of these has twelve digits that obey the rules.
    for (text, digits) in [
        ("+91 98100 00000", "919810000000"),
        ("2024-05-12 10:30", "202405121030"),
        ("24/05/12 10:30:45", "240512103045"),
        ("2,34,12,34,12,346.00", "234123412346"),
        ("2024/05/123456", "202405123456"),
    ] {
        let stem = &digits[..11];
        let last = verhoeff_check_digit(stem).unwrap();
        let at = text.rfind(&digits[11..]).unwrap();
        let text = format!("{}{last}{}", &text[..at], &text[at + 1..]);
        finds(&text, &[]);
    }
}

#[test]
fn a_search_tells_the_digits_and_begins_anew_after_the_end() {
    let mut search = AadhaarSearch::new();
    let mut read = |text: &str| {
        let found: Vec<[u8; 12]> =
            text.chars().filter_map(|character| search.push(character)).map(|found| found.digits).collect();
        (found, search.end().map(|found| found.digits))
    };
    let number = *b"234123412346";
    assert_eq!(read("੨੩੪੧/2341/2346."), (vec![number], None));
    assert_eq!(read("23_41_23"), (vec![], None));
    assert_eq!(read("41_23_46"), (vec![], None));
    assert_eq!(read("2341--2341--2346"), (vec![], Some(number)));
}

proptest! {
    #[test]
    fn a_valid_number_is_found_wherever_no_digit_touches_it(
        before in "([a-zਕ ,.0-9]{0,12}[a-zਕ][ ,]{0,3})?", body in "[2-9][0-9]{10}", after in "[a-zਕ,][a-zਕ ,.0-9]{0,12}", form in 0..3
    ) {
        let number = format!("{body}{}", verhoeff_check_digit(&body).unwrap());
        prop_assume!(Aadhaar::parse(&number).is_ok());
        let shown = match form {
            0 => number,
            1 => format!("{} {} {}", &number[..4], &number[4..8], &number[8..]),
            _ => format!("{}-{}-{}", &number[..4], &number[4..8], &number[8..]),
        };
        let text = format!("{before}{shown}{after}");
        prop_assert!(find_aadhaar_like(&text).contains(&(before.len()..before.len() + shown.len())), "{text}");
    }

    #[test]
    fn a_text_with_what_was_found_cut_out_holds_no_more(text in "[2-9 \\-੦-੯a]{0,60}") {
        let found = find_aadhaar_like(&text);
        prop_assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
        let mut masked = text.clone();
        for range in found.into_iter().rev() {
            prop_assert!(Aadhaar::parse(&text[range.clone()]).is_ok());
            masked.replace_range(range, "[masked]");
        }
        prop_assert_eq!(find_aadhaar_like(&masked), vec![]);
    }
}
