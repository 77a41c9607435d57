//! The shape of a value: `A` for a letter, `9` for a digit, the rest as it is.

/// Shapes of longer values run their repeats together.
const FULL_LENGTH_MAX: usize = 20;

/// The shape of a value. Its letters and digits cannot be told from it.
pub(super) fn shape(value: &str) -> String {
    let symbol = |character: char| {
        if character.is_numeric() {
            '9'
        } else if character.is_alphabetic() || matches!(character, '\u{0900}'..='\u{0DFF}') {
            'A'
        } else {
            character
        }
    };
    let long = value.chars().nth(FULL_LENGTH_MAX).is_some();
    let mut shape = String::new();
    let mut last = None;
    for symbol in value.chars().map(symbol) {
        if !long || last != Some(symbol) {
            shape.push(symbol);
        } else if !shape.ends_with('+') {
            shape.push('+');
        }
        last = Some(symbol);
        if shape.len() > 60 {
            shape.push('…');
            break;
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn a_shape_tells_letters_from_digits_and_long_ones_run_together() {
        assert_eq!(shape("ABCDE1234F"), "AAAAA9999A");
        assert_eq!(shape("12/03/1985"), "99/99/9999");
        assert_eq!(shape("ਪਿੰਡ 12"), "AAAA 99");
        assert_eq!(shape("H.No. 1234, Mall Road, Moga"), "A.A+. 9+, A+ A+, A+");
        assert_eq!(shape(""), "");
    }
}
