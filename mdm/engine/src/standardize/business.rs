//! Names of firms, shops and companies.

use super::script;

/// The name of an undertaking, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BusinessName {
    /// Words that tell it from others, in order: `Gill`, `Hardware`.
    pub core: Vec<String>,
    /// Words of its trade or standing that very many bear: `Traders`, `Sons`.
    pub trade: Vec<String>,
    /// How it is constituted, where the name says so.
    pub legal_form: Option<LegalForm>,
    /// The proprietor named in the same field.
    pub proprietor: Option<String>,
    /// The words as they are shown, legal form left out.
    shown: Vec<String>,
}

/// How an undertaking is constituted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the form itself")]
pub enum LegalForm {
    PrivateLimited,
    Limited,
    Llp,
    OnePersonCompany,
    HinduUndividedFamily,
    Society,
    Trust,
}

impl LegalForm {
    /// How names write it in their standard form.
    pub fn words(self) -> &'static str {
        match self {
            Self::PrivateLimited => "Pvt Ltd",
            Self::Limited => "Ltd",
            Self::Llp => "LLP",
            Self::OnePersonCompany => "OPC",
            Self::HinduUndividedFamily => "HUF",
            Self::Society => "Society",
            Self::Trust => "Trust",
        }
    }
}

/// Endings that are a legal form, longest first.
const FORMS: &[(&[&str], LegalForm)] = &[
    (&["opc", "private", "limited"], LegalForm::OnePersonCompany),
    (&["opc", "pvt", "ltd"], LegalForm::OnePersonCompany),
    (&["private", "limited"], LegalForm::PrivateLimited),
    (&["private", "ltd"], LegalForm::PrivateLimited),
    (&["pvt", "limited"], LegalForm::PrivateLimited),
    (&["pvt", "ltd"], LegalForm::PrivateLimited),
    (&["p", "ltd"], LegalForm::PrivateLimited),
    (&["p", "limited"], LegalForm::PrivateLimited),
    (&["ਪ੍ਰਾਈਵੇਟ", "ਲਿਮਿਟਡ"], LegalForm::PrivateLimited),
    (&["ਪ੍ਰਾਈਵੇਟ", "ਲਿਮਟਿਡ"], LegalForm::PrivateLimited),
    (&["प्राइवेट", "लिमिटेड"], LegalForm::PrivateLimited),
    (&["ਪ੍ਰਾ", "ਲਿ"], LegalForm::PrivateLimited),
    (&["प्रा", "लि"], LegalForm::PrivateLimited),
    (&["limited", "liability", "partnership"], LegalForm::Llp),
    (&["llp"], LegalForm::Llp),
    (&["l", "l", "p"], LegalForm::Llp),
    (&["opc"], LegalForm::OnePersonCompany),
    (&["huf"], LegalForm::HinduUndividedFamily),
    (&["limited"], LegalForm::Limited),
    (&["ltd"], LegalForm::Limited),
    (&["ਲਿਮਟਿਡ"], LegalForm::Limited),
    (&["लिमिटेड"], LegalForm::Limited),
    (&["society"], LegalForm::Society),
    (&["trust"], LegalForm::Trust),
];

/// Words that stand in so many names that they tell little.
const TRADE: &[&str] = &[
    "traders",
    "trader",
    "trading",
    "enterprises",
    "enterprise",
    "store",
    "stores",
    "sons",
    "son",
    "bros",
    "brothers",
    "company",
    "co",
    "corporation",
    "agency",
    "agencies",
    "industries",
    "industry",
    "shop",
    "firm",
    "house",
    "centre",
    "center",
    "associates",
    "group",
    "works",
    "services",
    "service",
    "ਟਰੇਡਰਜ",
    "ਸਟੋਰ",
    "ਐਂਡ",
    "ਸੰਨਜ",
    "ट्रेडर्स",
    "स्टोर",
    "एंड",
    "संस",
    "and",
];

/// Reads the name of an undertaking: `M/s` before it, a legal form after it and a proprietor named in the same field are told
/// apart.
///
/// ```
/// use kanak_engine::standardize::business::{LegalForm, parse_business_name};
/// let name = parse_business_name("M/S. GILL HARDWARE & SONS (P) LTD. Prop. Gurpreet Singh");
/// assert_eq!(name.display(), "Gill Hardware & Sons Pvt Ltd");
/// assert_eq!(name.core, ["Gill", "Hardware"]);
/// assert_eq!(name.legal_form, Some(LegalForm::PrivateLimited));
/// assert_eq!(name.proprietor.as_deref(), Some("Gurpreet Singh"));
/// ```
pub fn parse_business_name(raw: &str) -> BusinessName {
    let text = script::fold(raw);
    let mut words = split(without_ms(&text));
    let proprietor = take_proprietor(&mut words);
    while words.len() > 1
        && words.last().is_some_and(|last| matches!(script::bare(last).as_str(), "regd" | "registered"))
    {
        words.pop();
    }
    let bares: Vec<String> = words.iter().map(|word| script::bare(word)).collect();
    let form = FORMS.iter().find(|(ending, _)| {
        ending.len() < bares.len()
            && bares[bares.len() - ending.len()..].iter().zip(*ending).all(|(have, want)| have == want)
    });
    let kept = bares.len() - form.map_or(0, |(ending, _)| ending.len());
    words.truncate(kept);
    let mut name = BusinessName { proprietor, legal_form: form.map(|(_, form)| *form), ..BusinessName::default() };
    for (word, bare) in words.iter().zip(&bares) {
        let mut shown = String::with_capacity(word.len());
        script::push_title(&mut shown, word);
        if TRADE.contains(&bare.as_str()) {
            name.trade.push(shown.clone());
        } else if bare != "&" {
            name.core.push(shown.clone());
        }
        name.shown.push(shown);
    }
    if name.core.is_empty() {
        name.core = std::mem::take(&mut name.trade);
    }
    name
}

impl BusinessName {
    /// The cleaned name: words in title case, the legal form in one spelling.
    pub fn display(&self) -> String {
        let mut line = self.shown.join(" ");
        if let Some(form) = self.legal_form {
            line.push(' ');
            line.push_str(form.words());
        }
        line
    }
}

/// Takes `M/s` and its like off the front, as long as a name remains.
fn without_ms(text: &str) -> &str {
    let mut rest = text;
    loop {
        let head = ["m/s.", "m/s", "m\\s", "messrs.", "messrs", "ਮੈਸਰਜ਼", "ਮੈਸਰਜ", "मैसर्स"]
            .iter()
            .find_map(|head| rest.get(..head.len()).filter(|start| start.to_lowercase() == *head).map(|_| head.len()));
        match head {
            Some(length) if rest[length..].chars().any(char::is_alphanumeric) => {
                rest = rest[length..].trim_start_matches([' ', '.', ':', '-']);
            }
            _ => return rest,
        }
    }
}

/// Words of letters and digits; `&` is one, and so is what a hyphen or apostrophe joins.
fn split(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(6);
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if script::is_letter(character)
            || character.is_alphanumeric()
            || matches!(character, '-' | '\'') && !word.is_empty()
        {
            word.push(character);
            continue;
        }
        let kept = word.trim_end_matches(['-', '\'']);
        if !kept.is_empty() {
            words.push(kept.to_owned());
        }
        word.clear();
        if character == '&' {
            words.push("&".to_owned());
        }
    }
    words
}

/// Takes the proprietor's name off the end: after `Prop`, `Proprietor`, `Owner` or `through`.
fn take_proprietor(words: &mut Vec<String>) -> Option<String> {
    let at = words.iter().position(|word| {
        matches!(
            script::bare(word).as_str(),
            "prop"
                | "proprietor"
                | "proprietress"
                | "owner"
                | "propr"
                | "props"
                | "through"
                | "thru"
                | "ਮਾਲਕ"
                | "ਪ੍ਰੋ"
                | "ਪ੍ਰੋਪ"
                | "ਪ੍ਰੋਪਰਾਈਟਰ"
                | "प्रो"
                | "प्रोप"
                | "प्रोपराइटर"
                | "मालिक"
        )
    })?;
    if at == 0 || at + 1 == words.len() {
        return None;
    }
    let named = super::name::parse_person_name(&words.split_off(at)[1..].join(" ")).display();
    (!named.is_empty()).then_some(named)
}
