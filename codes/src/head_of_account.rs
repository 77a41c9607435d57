//! Heads of account: where money of the state is booked, from the major head down to the object.
//!
//! A full head has fifteen digits: major 4, sub-major 2, minor 3, sub-head 2, detailed 2, object 2. A shorter one stands for
//! everything below it. Some treasuries write three digits more; those are kept and not judged.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::{codes::Codes, text::with_ascii_digits};

/// How many digits a treasury may write after the object.
const EXTENSION_DIGITS: usize = 3;

/// A level of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadLevel {
    /// 4 digits: the function, such as land revenue.
    Major,
    /// 2 digits.
    SubMajor,
    /// 3 digits: the programme.
    Minor,
    /// 2 digits: the scheme.
    SubHead,
    /// 2 digits.
    Detailed,
    /// 2 digits: what it is spent on.
    Object,
}

/// What a major head books, by its first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadNature {
    /// 0 and 1.
    RevenueReceipts,
    /// 2 and 3.
    RevenueExpenditure,
    /// 4 and above: capital, loans, public account. The `section` of the list of major heads says which.
    Other,
}

/// A head of account down to some level.
///
/// ```
/// use kanak_codes::{HeadLevel, HeadOfAccount};
/// let head: HeadOfAccount = "0029-00-101-01-00-00".parse()?;
/// assert_eq!(head.to_string(), "0029-00-101-01-00-00");
/// assert_eq!((head.level(), head.major(), head.part(HeadLevel::Minor)), (HeadLevel::Object, "0029", Some("101")));
/// let short: HeadOfAccount = "002900101".parse()?;
/// assert!(short.contains(&head));
/// # Ok::<_, kanak_codes::HeadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeadOfAccount {
    /// ASCII digits, as many as the levels that are there have together.
    digits: String,
    extension: Option<String>,
}

/// Why a text is no head of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// It has something other than digits and separators.
    #[error("a head of account is written in digits, with `-`, `.`, `/` or spaces between its levels")]
    NotDigits,
    /// It ends within a level, or a level has the wrong number of digits.
    #[error("the {} has {expected} digits, found {found}", .level.name())]
    Level {
        /// The level.
        level: HeadLevel,
        /// How many digits it has.
        expected: usize,
        /// How many stand there.
        found: usize,
    },
    /// It goes on below the object.
    #[error("nothing stands below the object but {EXTENSION_DIGITS} digits of the treasury; a full head has 15 digits")]
    TooLong,
}

/// What the list of major heads says of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MajorHead<'a> {
    /// Its four digits.
    pub code: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The section of the accounts, such as `Revenue receipts`.
    pub section: &'a str,
    /// What is known to be wrong with the entry.
    pub defect: Option<&'a str>,
}

impl HeadLevel {
    /// Every level, from the top.
    pub const ALL: [Self; 6] = [Self::Major, Self::SubMajor, Self::Minor, Self::SubHead, Self::Detailed, Self::Object];

    /// How many digits it adds.
    pub fn digits(self) -> usize {
        match self {
            Self::Major => 4,
            Self::Minor => 3,
            Self::SubMajor | Self::SubHead | Self::Detailed | Self::Object => 2,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Major => "major head",
            Self::SubMajor => "sub-major head",
            Self::Minor => "minor head",
            Self::SubHead => "sub-head",
            Self::Detailed => "detailed head",
            Self::Object => "object head",
        }
    }

    /// Where its digits end, counted from the start of the head.
    fn end(self) -> usize {
        Self::ALL.iter().take_while(|level| **level <= self).map(|level| level.digits()).sum()
    }
}

impl HeadOfAccount {
    /// The lowest level that is there.
    pub fn level(&self) -> HeadLevel {
        let level = HeadLevel::ALL.into_iter().find(|level| level.end() == self.digits.len());
        level.expect("a head is parsed to the end of a level")
    }

    /// The digits of a level; `None` below the level of the head.
    pub fn part(&self, level: HeadLevel) -> Option<&str> {
        self.digits.get(level.end() - level.digits()..level.end())
    }

    /// The four digits of the major head.
    pub fn major(&self) -> &str {
        &self.digits[..HeadLevel::Major.end()]
    }

    /// All digits without separators, as codes have them; without what a treasury added.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The three digits that a treasury added, which nothing here judges.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// What it books.
    pub fn nature(&self) -> HeadNature {
        match self.digits.as_bytes()[0] {
            b'0' | b'1' => HeadNature::RevenueReceipts,
            b'2' | b'3' => HeadNature::RevenueExpenditure,
            _ => HeadNature::Other,
        }
    }

    /// The head one level up; `None` for a major head.
    pub fn parent(&self) -> Option<Self> {
        let end = self.digits.len() - self.level().digits();
        (end > 0).then(|| Self { digits: self.digits[..end].to_owned(), extension: None })
    }

    /// Whether another head is this one or stands below it.
    pub fn contains(&self, other: &Self) -> bool {
        other.digits.starts_with(&self.digits) && (self.extension.is_none() || self == other)
    }

    /// What the list `revenue-head` says of its major head; `None` when the list does not have it. The levels below are not in the list.
    pub fn find_major<'a>(&self, codes: &'a Codes) -> Option<MajorHead<'a>> {
        let head = codes.system("revenue-head")?.lookup(self.major())?;
        Some(MajorHead {
            code: head.code(),
            name: head.display(),
            section: head.property("section").unwrap_or_default(),
            defect: head.property("defect"),
        })
    }
}

impl FromStr for HeadOfAccount {
    type Err = HeadError;

    /// Reads digits run together or with separators between levels; with separators, each level is checked on its own.
    fn from_str(text: &str) -> Result<Self, HeadError> {
        let text = with_ascii_digits(text.trim());
        let is_separator = |character: char| matches!(character, '-' | '.' | '/' | ' ' | '\u{2013}');
        if !text.chars().all(|character| character.is_ascii_digit() || is_separator(character)) {
            return Err(HeadError::NotDigits);
        }
        let groups: Vec<&str> = text.split(is_separator).filter(|group| !group.is_empty()).collect();
        match groups[..] {
            [] => Err(HeadError::Level { level: HeadLevel::Major, expected: 4, found: 0 }),
            [digits] => Self::of_digits(digits),
            _ => {
                for (index, group) in groups.iter().enumerate() {
                    let expected = match HeadLevel::ALL.get(index) {
                        Some(level) if level.digits() != group.len() => {
                            return Err(HeadError::Level {
                                level: *level,
                                expected: level.digits(),
                                found: group.len(),
                            });
                        }
                        Some(level) => level.digits(),
                        None => EXTENSION_DIGITS,
                    };
                    if group.len() != expected || index > HeadLevel::ALL.len() {
                        return Err(HeadError::TooLong);
                    }
                }
                Self::of_digits(&groups.concat())
            }
        }
    }
}

impl HeadOfAccount {
    fn of_digits(digits: &str) -> Result<Self, HeadError> {
        let full = HeadLevel::Object.end();
        if digits.len() > full {
            let (head, extension) = digits.split_at(full);
            if extension.len() != EXTENSION_DIGITS {
                return Err(HeadError::TooLong);
            }
            return Ok(Self { digits: head.to_owned(), extension: Some(extension.to_owned()) });
        }
        let level = HeadLevel::ALL.into_iter().find(|level| digits.len() <= level.end());
        let level = level.unwrap_or(HeadLevel::Object);
        let found = digits.len() + level.digits() - level.end();
        if found != level.digits() {
            return Err(HeadError::Level { level, expected: level.digits(), found });
        }
        Ok(Self { digits: digits.to_owned(), extension: None })
    }
}

/// With a hyphen between levels.
impl fmt::Display for HeadOfAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> =
            HeadLevel::ALL.into_iter().filter_map(|level| self.part(level)).chain(self.extension()).collect();
        formatter.write_str(&parts.join("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn refuses(text: &str, words: &str) {
        let error = text.parse::<HeadOfAccount>().unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }

    #[test]
    fn a_wrong_head_names_the_level() {
        refuses("", "the major head has 4 digits, found 0");
        refuses("002", "the major head has 4 digits, found 3");
        refuses("00290", "the sub-major head has 2 digits, found 1");
        refuses("00290010", "the minor head has 3 digits, found 2");
        refuses("0029-0-101", "the sub-major head has 2 digits, found 1");
        refuses("0029-00-10-101", "the minor head has 3 digits, found 2");
        refuses("0029-00-101-01-00-00-1", "nothing stands below the object");
        refuses("0029-00-101-01-00-00-111-1", "nothing stands below the object");
        refuses("0029001010100001", "nothing stands below the object");
        refuses("0029-0O", "written in digits");
    }

    #[test]
    fn digits_of_a_treasury_are_kept_and_written_again() {
        let head: HeadOfAccount = "002900101010000123".parse().unwrap();
        assert_eq!((head.digits(), head.extension()), ("002900101010000", Some("123")));
        assert_eq!(head.to_string(), "0029-00-101-01-00-00-123");
        assert_eq!(head.to_string().parse(), Ok(head));
    }

    #[test]
    fn major_heads_are_known_by_name_and_their_defects_told() {
        let codes = Codes::builtin().unwrap();
        let major = |text: &str| text.parse::<HeadOfAccount>().unwrap().find_major(&codes);
        assert_eq!(major("0029-00-101").unwrap().section, "Revenue receipts");
        assert!(major("3435").unwrap().defect.is_some() && major("3455").unwrap().defect.is_some());
        assert_eq!((major("3451"), major("9999")), (None, None));
    }

    #[test]
    fn the_first_digit_agrees_with_the_section_of_the_list() {
        let codes = Codes::builtin().unwrap();
        for concept in codes.get_system("revenue-head").unwrap().concepts() {
            let head: HeadOfAccount = concept.code().parse().unwrap();
            let expected = match concept.property("section").unwrap() {
                "Revenue receipts" => HeadNature::RevenueReceipts,
                "Revenue expenditure" => HeadNature::RevenueExpenditure,
                _ => HeadNature::Other,
            };
            assert_eq!(head.nature(), expected, "{concept:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_and_its_parents_contain_it(digits in "[0-9]{15}", level in 0usize..6, extended in any::<bool>()) {
            let end = HeadLevel::ALL[level].end();
            let text = if extended { format!("{digits}042") } else { digits[..end].to_owned() };
            let head: HeadOfAccount = text.parse().unwrap();
            prop_assert_eq!(head.to_string().parse(), Ok(head.clone()));
            let above: Vec<_> = std::iter::successors(head.parent(), HeadOfAccount::parent).collect();
            prop_assert_eq!(above.len(), HeadLevel::ALL.iter().position(|level| *level == head.level()).unwrap());
            for parent in above {
                prop_assert!(parent.contains(&head) && !head.contains(&parent));
            }
        }
    }
}
