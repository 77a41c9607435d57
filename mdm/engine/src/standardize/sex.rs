//! Sex, as registers write it.

use super::script;

/// A person's sex in a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `F`.
    Female,
    /// `M`.
    Male,
    /// `X`: transgender or another answer than the two.
    Other,
}

impl Sex {
    /// The standard form: `F`, `M` or `X`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
            Self::Other => "X",
        }
    }

    /// Reads a word or code for sex in English, Punjabi or Hindi: `Male`, `ਔਰਤ`, `स्त्री`, `2`. The codes are the census's: 1 male,
    /// 2 female, 3 other.
    pub fn find(word: &str) -> Option<Self> {
        let mut bare = String::with_capacity(word.len());
        for character in word.chars() {
            if let Some(plain) = script::without_dot(character).filter(|c| !matches!(c, '.' | ' ')) {
                bare.extend(plain.to_lowercase());
            }
        }
        Some(match bare.as_str() {
            "f" | "female" | "fem" | "w" | "woman" | "women" | "girl" | "lady" | "2" | "02" | "ਔਰਤ" | "ਇਸਤਰੀ"
            | "ਮਹਿਲਾ" | "ਲੜਕੀ" | "ਕੁੜੀ" | "महिला" | "स्त्री" | "औरत" | "लडकी" | "mahila" | "aurat" | "istri" | "stri" => {
                Self::Female
            }
            "m" | "male" | "man" | "men" | "boy" | "1" | "01" | "ਮਰਦ" | "ਪੁਰਸ" | "ਆਦਮੀ" | "ਲੜਕਾ" | "ਮੁੰਡਾ" | "पुरुष"
            | "मर्द" | "आदमी" | "लडका" | "purush" | "mard" => Self::Male,
            "x"
            | "t"
            | "o"
            | "tg"
            | "transgender"
            | "trans"
            | "thirdgender"
            | "other"
            | "others"
            | "3"
            | "03"
            | "ਹੋਰ"
            | "ਤੀਜਾਲਿੰਗ"
            | "ਟਰਾਂਸਜੈਂਡਰ"
            | "अन्य"
            | "तृतीयलिंग"
            | "किन्नर" => Self::Other,
            _ => return None,
        })
    }
}
