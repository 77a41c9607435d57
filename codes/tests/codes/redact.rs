//! Aadhaar numbers in free text.

use kanak_codes::identifiers::{Aadhaar, find_aadhaar_like, verhoeff_check_digit};
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
    finds("2341  2341 2346", &[]);
    finds("2341 2341 23466", &[]);
    finds("2341.2341.2346", &[]);
    finds("23 41 23 41 23 46", &[]);
    finds("9814012345, 143001", &[]);
}

proptest! {
    #[test]
    fn a_valid_number_is_found_wherever_no_digit_touches_it(
        before in "[a-zਕ ,.0-9]{0,12}[a-zਕ,]", body in "[2-9][0-9]{10}", after in "[a-zਕ,][a-zਕ ,.0-9]{0,12}", form in 0..3
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
