//! Reads a text from its beginning, token by token. White space before a token is passed over.

/// What is left of a text.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    rest: &'t str,
    /// How many patterns were read.
    pub(super) patterns: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text, patterns: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.trim_start().is_empty()
    }

    pub(super) fn starts(&self, token: &str) -> bool {
        self.rest.trim_start().starts_with(token)
    }

    /// Passes over a token, where it comes next.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The letters, digits, `_` and `-` that come next.
    pub(super) fn take_name(&mut self) -> Option<&'t str> {
        self.take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
    }

    /// The signs of a number that come next.
    pub(super) fn take_number(&mut self) -> Option<&'t str> {
        self.take_while(|letter| letter.is_ascii_digit() || matches!(letter, '-' | '+' | '.' | 'e' | 'E'))
    }

    /// A text in quotes of either kind; in it, `\` stands before a quote or another `\`.
    pub(super) fn take_quoted(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        let quote = rest.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
        let (inner, after) = until(rest.strip_prefix(quote)?, quote)?;
        let mut text = String::new();
        let mut letters = inner.chars();
        while let Some(letter) = letters.next() {
            let meant = match letter {
                '\\' => letters.next().filter(|letter| matches!(letter, '\'' | '"' | '\\'))?,
                letter => letter,
            };
            text.push(meant);
        }
        self.rest = after;
        Some(text)
    }

    /// A pattern between slashes, and the letters behind it.
    pub(super) fn take_pattern(&mut self) -> Option<(&'t str, &'t str)> {
        let (pattern, after) = until(self.rest.trim_start().strip_prefix('/')?, '/')?;
        let ends = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        let (flags, after) = after.split_at(ends);
        self.rest = after;
        Some((pattern, flags))
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> Option<&'t str> {
        let rest = self.rest.trim_start();
        let ends = rest.find(|letter: char| !belongs(letter)).unwrap_or(rest.len());
        let (taken, after) = rest.split_at(ends);
        if taken.is_empty() {
            return None;
        }
        self.rest = after;
        Some(taken)
    }
}

/// What stands before the first sign that has no `\` before it, and what stands behind that.
fn until(text: &str, sign: char) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if letter == '\\' {
            is_escaped = true;
        } else if letter == sign {
            return Some((&text[..at], &text[at + sign.len_utf8()..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_one_after_another() {
        let mut reader = Reader::new(r#" @ .name 'it\'s' "b" /a\/b/i -1.5e3 "#);
        assert!(reader.take("@") && !reader.take("name") && reader.take("."));
        assert_eq!(reader.take_name(), Some("name"));
        assert_eq!(reader.take_quoted().as_deref(), Some("it's"));
        assert_eq!(reader.take_quoted().as_deref(), Some("b"));
        assert_eq!(reader.take_pattern(), Some((r"a\/b", "i")));
        assert_eq!(reader.take_number(), Some("-1.5e3"));
        assert!(reader.is_done() && reader.take_name().is_none());
    }

    #[test]
    fn what_does_not_close_is_not_taken() {
        for text in ["'open", "\"other'", r"'ends\'", r"'\n'"] {
            let mut reader = Reader::new(text);
            assert!(reader.take_quoted().is_none() && !reader.is_done(), "{text}");
        }
        assert!(Reader::new("/open").take_pattern().is_none());
    }
}
