//! The words that stand in name fields and are not names: honorifics, relations, and second names that nearly everybody has.

use super::{Marker, Relation, Sex};

/// A second name as it is written in three scripts, and what it is. Latin in lower case, Gurmukhi and Devanagari without dots below.
pub(super) fn marker(word: &str) -> Option<Marker> {
    Some(match word {
        "singh" | "sing" | "sinh" | "singhh" | "sngh" | "singha" | "ਸਿੰਘ" | "ਸਿਂਘ" | "ਸਿੰਹ" | "सिंह" | "सिंघ" | "सिंग" => Marker::Singh,
        "kaur" | "kour" | "kuar" | "kaor" | "kor" | "ਕੌਰ" | "ਕੋਰ" | "कौर" | "कोर" => Marker::Kaur,
        "kumar" | "kumaar" | "kr" | "ਕੁਮਾਰ" | "कुमार" => Marker::Kumar,
        "kumari" | "kumaree" | "ਕੁਮਾਰੀ" | "कुमारी" => Marker::Kumari,
        "devi" | "devee" | "ਦੇਵੀ" | "देवी" => Marker::Devi,
        "rani" | "raani" | "ਰਾਣੀ" | "रानी" => Marker::Rani,
        "lal" | "laal" | "ਲਾਲ" | "लाल" => Marker::Lal,
        "chand" | "ਚੰਦ" | "चंद" | "चन्द" => Marker::Chand,
        "bai" | "ਬਾਈ" | "बाई" => Marker::Bai,
        "wati" | "vati" | "ਵਤੀ" | "वती" => Marker::Wati,
        "bibi" | "ਬੀਬੀ" | "बीबी" => Marker::Bibi,
        "begum" | "begam" | "ਬੇਗਮ" | "बेगम" => Marker::Begum,
        _ => return None,
    })
}

/// The sex of those who bear it, where custom says so.
pub(super) fn sex_of(marker: Marker) -> Sex {
    match marker {
        Marker::Singh | Marker::Kumar | Marker::Lal | Marker::Chand => Sex::Male,
        Marker::Kaur
        | Marker::Kumari
        | Marker::Devi
        | Marker::Rani
        | Marker::Bai
        | Marker::Wati
        | Marker::Bibi
        | Marker::Begum => Sex::Female,
    }
}

/// Whether a word before a name only shows respect. Such a word is never a name of its own.
pub(super) fn is_honorific(word: &str) -> bool {
    matches!(
        word,
        "shri" | "shree" | "sri" | "sh" | "shr" | "smt" | "shmt" | "shrimati" | "shreemati" | "srimati" | "mr" | "mrs" | "ms" | "miss"
            | "dr" | "er" | "adv" | "prof" | "km" | "kum" | "sardarni" | "late" | "lt" | "swargiya" | "master" | "mst"
            | "ਸ੍ਰੀ" | "ਸ੍ਰੀਮਤੀ" | "ਸਰਦਾਰਨੀ" | "ਸਵਰਗੀ" | "ਸਵਰਗਵਾਸੀ" | "ਡਾ" | "ਸਵ"
            | "श्री" | "श्रीमती" | "डॉ" | "डा" | "सुश्री" | "स्वर्गीय" | "स्व" | "कु"
    )
}

/// Whether a word shows respect before a full name, and is a name itself elsewhere: Sardar Singh, Giani Ram.
pub(super) fn is_title(word: &str) -> bool {
    matches!(
        word,
        "s" | "sardar" | "giani" | "gyani" | "bibi" | "baba" | "pandit" | "pt" | "babu" | "haji" | "mata" | "kumari" | "capt" | "subedar"
            | "ਸ" | "ਸਰਦਾਰ" | "ਗਿਆਨੀ" | "ਬੀਬੀ" | "ਬਾਬਾ" | "ਪੰਡਿਤ" | "ਮਾਤਾ" | "ਕੁਮਾਰੀ"
            | "सरदार" | "ज्ञानी" | "बीबी" | "बाबा" | "पंडित" | "माता" | "कुमारी"
    )
}

/// Whether an honorific or title is a woman's.
pub(super) fn is_womans_title(word: &str) -> bool {
    matches!(
        word,
        "smt" | "shmt" | "shrimati" | "shreemati" | "srimati" | "mrs" | "ms" | "miss" | "km" | "kum" | "sardarni" | "mst" | "bibi" | "mata"
            | "kumari" | "ਸ੍ਰੀਮਤੀ" | "ਸਰਦਾਰਨੀ" | "ਬੀਬੀ" | "ਮਾਤਾ" | "ਕੁਮਾਰੀ" | "श्रीमती" | "सुश्री" | "बीबी" | "माता" | "कुमारी"
            | "कु"
    )
}

/// Words of respect after a name.
pub(super) fn is_suffix(word: &str) -> bool {
    matches!(word, "ji" | "jee" | "ਜੀ" | "जी" | "late")
}

/// A relation written as one word of letters (slashes and stops taken out): `so`, `ਪੁੱਤਰ`.
pub(super) fn relation(word: &str) -> Option<Relation> {
    Some(match word {
        "s/o" | "so" | "s\\o" | "son" | "suputra" | "putra" | "putar" | "ਪੁੱਤਰ" | "ਪੁਤਰ" | "ਪੁੱਤ" | "ਸਪੁੱਤਰ" | "ਸੁਪੁੱਤਰ" | "ਸਪੁਤਰ" | "ਸ/ਓ"
        | "ਐਸ/ਓ" | "पुत्र" | "सुपुत्र" | "आत्मज" | "बेटा" => Relation::SonOf,
        "d/o" | "do" | "d\\o" | "daughter" | "putri" | "suputri" | "ਪੁੱਤਰੀ" | "ਪੁਤਰੀ" | "ਸਪੁੱਤਰੀ" | "ਸਪੁਤਰੀ" | "ਸੁਪੁੱਤਰੀ" | "ਧੀ" | "ਡੀ/ਓ"
        | "पुत्री" | "सुपुत्री" | "आत्मजा" | "बेटी" => Relation::DaughterOf,
        "w/o" | "wo" | "w\\o" | "wife" | "widow" | "wd/o" | "wdo" | "patni" | "ਪਤਨੀ" | "ਸੁਪਤਨੀ" | "ਵਿਧਵਾ" | "ਡਬਲਯੂ/ਓ" | "ਘਰਵਾਲੀ"
        | "पत्नी" | "विधवा" | "धर्मपत्नी" => Relation::WifeOf,
        "h/o" | "husband" | "ਪਤੀ" | "पति" => Relation::HusbandOf,
        "m/o" | "mother" => Relation::MotherOf,
        "f/o" | "father" => Relation::FatherOf,
        "c/o" | "co" | "c\\o" | "care" | "ਮਾਰਫਤ" | "द्वारा" | "मार्फत" => Relation::CareOf,
        "b/o" | "bo" => Relation::BabyOf,
        _ => return None,
    })
}

/// Whether a relation's word is a word on its own, which needs no slash to be told from a name. `so` and `do` need theirs; the
/// English words need an `of` after them.
pub(super) fn stands_alone(word: &str) -> bool {
    word.contains(['/', '\\']) || matches!(word, "suputra" | "suputri" | "wdo") || !word.is_ascii()
}

/// Whether a relation's word needs `of` after it: son of, care of.
pub(super) fn needs_of(word: &str) -> bool {
    matches!(word, "son" | "daughter" | "wife" | "widow" | "husband" | "mother" | "father" | "care")
}

/// Words by which a newborn without a name is entered.
pub(super) fn is_baby(word: &str) -> bool {
    matches!(word, "baby" | "newborn" | "infant" | "ਬੇਬੀ" | "ਬੱਚਾ" | "ਨਵਜੰਮਿਆ" | "बेबी" | "नवजात" | "शिशु" | "बच्चा")
}

/// Words between `baby` and the mother's name.
pub(super) fn is_of(word: &str) -> bool {
    matches!(word, "of" | "ਆਫ" | "ਦਾ" | "ਦੀ" | "ਦੇ" | "का" | "की" | "के" | "ऑफ")
}

/// Words that begin what is not a name any more: a residence, an alias.
pub(super) fn is_residence(word: &str) -> bool {
    matches!(word, "r/o" | "r\\o" | "resident" | "vpo" | "v.p.o" | "ਵਾਸੀ" | "निवासी")
}

/// Words before another name of the same person.
pub(super) fn is_alias(word: &str) -> bool {
    matches!(word, "@" | "alias" | "urf" | "aka" | "ਉਰਫ" | "उर्फ")
}
