//! Shapes of codes: a pattern small enough to read aloud to whoever typed the code.

/// Whether `code` has the shape: `A` stands for a capital letter, `9` for a digit, `X` for either, `x` for a small letter or a
/// digit, any other character for itself.
pub(crate) fn fits(shape: &str, code: &str) -> bool {
    shape.len() == code.len()
        && shape.bytes().zip(code.bytes()).all(|(want, have)| match want {
            b'A' => have.is_ascii_uppercase(),
            b'9' => have.is_ascii_digit(),
            b'X' => have.is_ascii_uppercase() || have.is_ascii_digit(),
            b'x' => have.is_ascii_lowercase() || have.is_ascii_digit(),
            literal => literal == have,
        })
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_shape_fits_its_codes_only() {
        assert!(fits("AAAA0XXXXXX", "SBIN0000300"));
        assert!(fits("AAAA0XXXXXX", "HDFC0CAACOB"));
        assert!(!fits("AAAA0XXXXXX", "SBIN1000300"));
        assert!(!fits("AAAA0XXXXXX", "SBIN000030"));
        assert!(fits("999999-xxxx", "143001-a0z9"));
        assert!(!fits("999999-xxxx", "143001-A0Z9"));
        assert!(!fits("9", ""));
        assert!(!fits("999", "ੳ"));
    }
}
