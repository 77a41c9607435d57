//! An officer's sheet as the source of a typst document, in English, Punjabi (Gurmukhi) and Hindi: `typst compile` makes the PDF.
//!
//! The same sheet makes the same text. The document asks for the Noto families, which hold all three scripts.

use std::fmt::Write as _;

use kanak_model::Language;

use super::config::Indicator;
use super::kept::{Manifest, Sheet};
use super::report::{Outcome, Unscored};

/// Words of the sheet: English, Punjabi, Hindi.
type Words = [&'static str; 3];

const TITLE: Words = ["Appraisal of work output", "ਕੰਮ ਦੀ ਕਾਰਗੁਜ਼ਾਰੀ ਦਾ ਮੁਲਾਂਕਣ", "कार्य निष्पादन का मूल्यांकन"];
const PERIOD: Words = ["Period", "ਸਮਾਂ", "अवधि"];
const OFFICER: Words = ["Officer", "ਅਧਿਕਾਰੀ", "अधिकारी"];
const OFFICE: Words = ["Office", "ਦਫ਼ਤਰ", "कार्यालय"];
const APPLICATIONS: Words = ["Applications", "ਅਰਜ਼ੀਆਂ", "आवेदन"];
const GRIEVANCES: Words = ["Grievances", "ਸ਼ਿਕਾਇਤਾਂ", "शिकायतें"];
const INHERITED: Words = ["Inherited, not counted", "ਵਿਰਾਸਤੀ, ਗਿਣੇ ਨਹੀਂ ਗਏ", "विरासत में मिले, गिने नहीं गए"];
const SCORE: Words = [
    "Points above (+) or below (−) what the cases let expect",
    "ਉਮੀਦ ਤੋਂ ਉੱਪਰ (+) ਜਾਂ ਹੇਠਾਂ (−) ਅੰਕ",
    "अपेक्षा से ऊपर (+) या नीचे (−) अंक",
];
const TOO_FEW: Words = ["Too few cases for a score", "ਅੰਕ ਲਈ ਕੇਸ ਬਹੁਤ ਘੱਟ ਹਨ", "अंक के लिए मामले बहुत कम हैं"];
const NOTHING: Words = ["Nothing that has a weight", "ਭਾਰ ਵਾਲਾ ਕੁਝ ਨਹੀਂ", "भार वाला कुछ नहीं"];
const HEADS: [Words; 5] = [
    ["Indicator", "ਸੂਚਕ", "सूचक"],
    ["Cases", "ਕੇਸ", "मामले"],
    ["Observed %", "ਅਸਲ %", "वास्तविक %"],
    ["Expected %", "ਉਮੀਦ %", "अपेक्षित %"],
    ["Weight %", "ਭਾਰ %", "भार %"],
];
const CASE_HEADS: [Words; 5] = [
    ["Case", "ਕੇਸ", "मामला"],
    ["Service", "ਸੇਵਾ", "सेवा"],
    ["Received", "ਪ੍ਰਾਪਤ", "प्राप्त"],
    ["Due", "ਨਿਯਤ", "नियत"],
    ["Decided", "ਨਿਪਟਾਰਾ", "निपटान"],
];
const NOTE: Words = [
    "Evidence for the work-output part of the appraisal, beside a person's mark. The officer may object to any case.",
    "ਮੁਲਾਂਕਣ ਦੇ ਕੰਮ ਵਾਲੇ ਹਿੱਸੇ ਲਈ ਸਬੂਤ, ਵਿਅਕਤੀ ਦੇ ਅੰਕ ਦੇ ਨਾਲ। ਅਧਿਕਾਰੀ ਕਿਸੇ ਵੀ ਕੇਸ ਤੇ ਇਤਰਾਜ਼ ਕਰ ਸਕਦਾ ਹੈ।",
    "मूल्यांकन के कार्य भाग के लिए साक्ष्य, व्यक्ति के अंक के साथ। अधिकारी किसी भी मामले पर आपत्ति कर सकता है।",
];

fn indicator(indicator: Indicator) -> Words {
    match indicator {
        Indicator::Timeliness => ["In time", "ਸਮੇਂ ਸਿਰ", "समय पर"],
        Indicator::Reopened => ["Reopened", "ਮੁੜ ਖੋਲ੍ਹੇ", "पुनः खोले गए"],
        Indicator::Appealed => ["Appealed", "ਅਪੀਲ", "अपील"],
        Indicator::Satisfaction => ["Satisfaction", "ਸੰਤੁਸ਼ਟੀ", "संतुष्टि"],
        Indicator::SchemeAchievement => ["Scheme targets", "ਸਕੀਮ ਟੀਚੇ", "योजना लक्ष्य"],
        Indicator::DataQuality => ["Quality of entries", "ਇੰਦਰਾਜ਼ ਦੀ ਗੁਣਵੱਤਾ", "प्रविष्टि की गुणवत्ता"],
    }
}

/// The source of an officer's sheet.
pub fn typst_sheet(id: &str, manifest: &Manifest, sheet: &Sheet, language: Language) -> String {
    let (at, lang) = match language {
        Language::En => (0, "en"),
        Language::Pa => (1, "pa"),
        Language::Hi => (2, "hi"),
    };
    let of = &sheet.sheet;
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    line("#set document(date: none)".to_owned());
    line(format!(
        "#set text(lang: {}, font: (\"Noto Sans\", \"Noto Sans Gurmukhi\", \"Noto Sans Devanagari\"), size: 10pt)",
        quoted(lang)
    ));
    line("#set page(paper: \"a4\", margin: 18mm, numbering: \"1 / 1\")".to_owned());
    line(format!("#heading(level: 1, {})", quoted(TITLE[at])));
    let facts = [
        (PERIOD[at], manifest.period.to_string()),
        (OFFICER[at], format!("{} {}", of.officer, of.designation)),
        (OFFICE[at], of.office.clone()),
        (APPLICATIONS[at], decimal(of.applications)),
        (GRIEVANCES[at], decimal(of.grievances)),
        (INHERITED[at], of.inherited.to_string()),
        (
            SCORE[at],
            match of.outcome {
                Outcome::Score(score) => format!("{:+.2} ({:+.2} … {:+.2})", score.points, score.from, score.to),
                Outcome::Unscored(Unscored::TooFewCases) => TOO_FEW[at].to_owned(),
                Outcome::Unscored(Unscored::NothingWeighed) => NOTHING[at].to_owned(),
            },
        ),
    ];
    line("#table(columns: (auto, 1fr),".to_owned());
    for (name, value) in facts {
        line(format!("  text({}), text({}),", quoted(name), quoted(&value)));
    }
    line(")".to_owned());
    line("#table(columns: (1fr, auto, auto, auto, auto),".to_owned());
    line(cells(HEADS.iter().map(|words| words[at].to_owned())));
    for figure in &of.figures {
        let share = |part: f64| format!("{:.1}", 100.0 * part);
        line(cells([
            indicator(figure.indicator)[at].to_owned(),
            decimal(figure.cases),
            share(figure.observed),
            share(figure.expected),
            share(figure.weight),
        ]));
    }
    line(")".to_owned());
    line("#table(columns: (1fr, auto, auto, auto, auto),".to_owned());
    line(cells(CASE_HEADS.iter().map(|words| words[at].to_owned())));
    for case in &sheet.cases {
        let day = |day: Option<kanak_codes::Day>| day.map_or_else(String::new, |day| day.to_string());
        let days = [day(case.received_on), day(case.due_on), day(case.decided_on)];
        line(cells([case.case.clone(), case.service.clone()].into_iter().chain(days)));
    }
    line(")".to_owned());
    line(format!("#text(size: 8pt, {})", quoted(NOTE[at])));
    line(format!("#text(size: 8pt, {})", quoted(id)));
    text
}

fn cells(texts: impl IntoIterator<Item = String>) -> String {
    let mut line = String::from(" ");
    for text in texts {
        let _ = write!(line, " text({}),", quoted(&text));
    }
    line
}

fn decimal(number: f64) -> String {
    let text = format!("{number:.2}");
    text.strip_suffix(".00").unwrap_or(&text).to_owned()
}

/// A text as typst writes it: nothing in it is markup.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' | '\r' | '\t' => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_source_becomes_markup() {
        assert_eq!(quoted("a\"#panic(1)\\\n*b*"), r##""a\"#panic(1)\\ *b*""##);
    }
}
