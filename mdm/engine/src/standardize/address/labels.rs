//! The words that say what the part of an address after them is.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::script;

/// What a word before a part says that the part is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    House,
    Village,
    PostOffice,
    /// `VPO`: village and post office of one name.
    VillageAndPostOffice,
    SubDistrict,
    District,
}

/// No first word of a label is longer.
const LABEL_BYTES_MAX: usize = 24;

/// Labels as bare words, longest first among those that begin alike.
const LABELS: &[(&[&str], Label)] = &[
    (&["house", "#"], Label::House),
    (&["house", "no"], Label::House),
    (&["house", "number"], Label::House),
    (&["h", "#"], Label::House),
    (&["h", "no"], Label::House),
    (&["h", "nº"], Label::House),
    (&["h", "n°"], Label::House),
    (&["h", "n"], Label::House),
    (&["hno"], Label::House),
    (&["house"], Label::House),
    (&["flat", "no"], Label::House),
    (&["flat"], Label::House),
    (&["plot", "no"], Label::House),
    (&["plot"], Label::House),
    (&["shop", "no"], Label::House),
    (&["shop"], Label::House),
    (&["sco"], Label::House),
    (&["booth", "no"], Label::House),
    (&["makan", "no"], Label::House),
    (&["makan", "number"], Label::House),
    (&["makan"], Label::House),
    (&["makaan", "no"], Label::House),
    (&["makaan"], Label::House),
    (&["kothi", "no"], Label::House),
    (&["kothi"], Label::House),
    (&["qtr", "no"], Label::House),
    (&["quarter", "no"], Label::House),
    (&["ਮਕਾਨ", "ਨੰ"], Label::House),
    (&["ਮਕਾਨ", "ਨੰਬਰ"], Label::House),
    (&["ਮਕਾਨ"], Label::House),
    (&["ਮ", "ਨੰ"], Label::House),
    (&["ਮ", "ਨੰਬਰ"], Label::House),
    (&["मकान", "नं"], Label::House),
    (&["मकान", "नंबर"], Label::House),
    (&["मकान"], Label::House),
    (&["म", "नं"], Label::House),
    (&["म", "नंबर"], Label::House),
    (&["v", "p", "o"], Label::VillageAndPostOffice),
    (&["vpo"], Label::VillageAndPostOffice),
    (&["vill", "po"], Label::VillageAndPostOffice),
    (&["vill", "p", "o"], Label::VillageAndPostOffice),
    (&["village", "po"], Label::VillageAndPostOffice),
    (&["village", "and", "post", "office"], Label::VillageAndPostOffice),
    (&["village"], Label::Village),
    (&["vill"], Label::Village),
    (&["vlg"], Label::Village),
    (&["pind"], Label::Village),
    (&["ਪਿੰਡ"], Label::Village),
    (&["गांव"], Label::Village),
    (&["गाँव"], Label::Village),
    (&["post", "office"], Label::PostOffice),
    (&["p", "o"], Label::PostOffice),
    (&["po"], Label::PostOffice),
    (&["post"], Label::PostOffice),
    (&["ਡਾਕਖਾਨਾ"], Label::PostOffice),
    (&["डाकघर"], Label::PostOffice),
    (&["ਡਾਕ"], Label::PostOffice),
    (&["tehsil"], Label::SubDistrict),
    (&["tahsil"], Label::SubDistrict),
    (&["teh"], Label::SubDistrict),
    (&["ਤਹਿਸੀਲ"], Label::SubDistrict),
    (&["तहसील"], Label::SubDistrict),
    (&["district"], Label::District),
    (&["distt"], Label::District),
    (&["dist"], Label::District),
    (&["zila"], Label::District),
    (&["zilla"], Label::District),
    (&["ਜਿਲਾ"], Label::District),
    (&["ਜਿਲ੍ਹਾ"], Label::District),
    (&["जिला"], Label::District),
    (&["#"], Label::House),
];

/// What a street or a ward is called before its number.
const NUMBERED: &[(&str, Numbered)] = &[
    ("street", Numbered::Street),
    ("st", Numbered::Street),
    ("gali", Numbered::Street),
    ("galli", Numbered::Street),
    ("lane", Numbered::Street),
    ("ਗਲੀ", Numbered::Street),
    ("गली", Numbered::Street),
    ("ward", Numbered::Ward),
    ("w", Numbered::Ward),
    ("ਵਾਰਡ", Numbered::Ward),
    ("वार्ड", Numbered::Ward),
];

/// What has a number in an address beside the house.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbered {
    Street,
    Ward,
}

/// The street or ward that words begin with, and how many words name it, its number the last: `Gali No 4`, `Ward 12`.
pub(super) fn numbered_at(words: &[&str]) -> Option<(Numbered, usize)> {
    let first = script::bare(words.first().filter(|word| word.len() <= LABEL_BYTES_MAX)?);
    let (_, what) = NUMBERED.iter().find(|(name, _)| *name == first)?;
    let is_no = |word: &&str| matches!(script::bare(word).as_str(), "no" | "number" | "ਨੰ" | "ਨੰਬਰ" | "नं" | "नंबर");
    let at = if words.get(1).is_some_and(is_no) { 2 } else { 1 };
    words.get(at).filter(|number| number.starts_with(|c: char| c.is_ascii_digit()))?;
    Some((*what, at + 1))
}

/// Labels by their first word: the words that follow it, and what they mean.
type ByFirstWord = FxHashMap<&'static str, Vec<(&'static [&'static str], Label)>>;

/// The label that words begin with, and how many of them it is made of.
pub(super) fn label_at(words: &[&str]) -> Option<(Label, usize)> {
    static BY_FIRST_WORD: OnceLock<ByFirstWord> = OnceLock::new();
    let first = words.first().filter(|word| word.len() <= LABEL_BYTES_MAX)?;
    let by_first_word = BY_FIRST_WORD.get_or_init(|| {
        let mut labels = ByFirstWord::default();
        for (label, means) in LABELS {
            labels.entry(label[0]).or_default().push((&label[1..], *means));
        }
        labels
    });
    let known = by_first_word.get(script::bare(first).as_str())?;
    let (rest, label) = known.iter().find(|(rest, _)| {
        rest.len() < words.len() && rest.iter().zip(&words[1..]).all(|(want, have)| script::bare(have) == *want)
    })?;
    // `House` and its like are labels of a number only: Dharamshala House is a place.
    let length = rest.len() + 1;
    let numbered = words.get(length).is_some_and(|next| next.contains(|c: char| c.is_ascii_digit()));
    (numbered || *label != Label::House).then_some((*label, length))
}
