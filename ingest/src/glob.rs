//! File names with `*`.

/// Whether `name` fits `pattern`, in which `*` stands for any characters. Letters compare without case.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: bool) {
        assert_eq!(fits(pattern, name), expected, "{pattern} / {name}");
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        check("ration_*.csv", "ration_2025.csv", true);
        check("ration_*.csv", "Ration_.CSV", true);
        check("ration_*.csv", "ration_2025.csv.gz", false);
        check("ration*_*.csv*", "ration_cards_2025.csv.gz", true);
        check("a.csv", "a.csv", true);
        check("a.csv", "aa.csv", false);
        check("ab*ba", "aba", false);
        check("*", "", true);
        check("", "", true);
    }
}
