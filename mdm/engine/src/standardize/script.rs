//! Characters: one way of writing what looks the same, digits of other scripts, capitals of Latin words, and letters as
//! words are compared.

use std::borrow::Cow;

/// A text as every kind reads it: invisible characters out, letters with a dot below as letter and dot (as Unicode's
/// NFC has them), digits of other scripts and full-width forms as ASCII, white space folded to single spaces, trimmed.
///
/// ```
/// use kanak_engine::standardize::script::fold;
/// assert_eq!(fold(" ੧੨\u{200C}  \u{A36}ਾਮ\u{A0}"), "12 ਸ\u{A3C}ਾਮ");
/// assert_eq!(fold("１９８５ Ｒａｍ ۱۲"), "1985 Ram 12");
/// ```
pub fn fold(raw: &str) -> Cow<'_, str> {
    if is_folded(raw) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut space = false;
    for character in raw.chars() {
        // A dot under anything but a consonant of its script says nothing.
        let is_stray_dot = || space || !out.ends_with(|before| takes_dot(before, character));
        if is_invisible(character) || without_dot(character).is_none() && is_stray_dot() {
            continue;
        }
        if character.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        if space {
            out.push(' ');
            space = false;
        }
        match without_dot(character) {
            Some(plain) if plain != character => out.extend([plain, dot_of(character)]),
            _ => out.push(ascii_form(character).unwrap_or(character)),
        }
    }
    Cow::Owned(out)
}

/// Whether folding would change nothing, as far as ASCII tells at a glance.
fn is_folded(raw: &str) -> bool {
    let mut before = b' ';
    for byte in raw.bytes() {
        if !(b' '..=b'~').contains(&byte) || byte == b' ' && before == b' ' {
            return false;
        }
        before = byte;
    }
    before != b' ' || raw.is_empty()
}

/// Characters that have no look of their own: joiners, direction marks, byte order marks, control characters.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}')
        || (character.is_control() && !character.is_whitespace())
}

/// The ASCII digit of an Indic, Arabic, Persian or full-width one.
pub(super) fn ascii_digit(character: char) -> Option<char> {
    let place = match character {
        // All blocks of Indic scripts have one plan.
        '\u{0900}'..='\u{0DFF}' => (character as u32 & 0x7F).checked_sub(0x66)?,
        '\u{0660}'..='\u{0669}' => character as u32 - 0x0660,
        '\u{06F0}'..='\u{06F9}' => character as u32 - 0x06F0,
        '\u{FF10}'..='\u{FF19}' => character as u32 - 0xFF10,
        _ => return None,
    };
    char::from_digit(place, 10)
}

/// The ASCII character that a digit or a full-width form stands for.
fn ascii_form(character: char) -> Option<char> {
    match character {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(character as u32 - 0xFEE0),
        _ => ascii_digit(character),
    }
}

/// The sign of a dot below, of the script that a letter with a dot of its own belongs to.
fn dot_of(letter: char) -> char {
    if letter < '\u{0A00}' { '\u{093C}' } else { '\u{0A3C}' }
}

/// Whether a letter can have this dot below.
fn takes_dot(letter: char, dot: char) -> bool {
    let consonants = if dot == '\u{093C}' { '\u{0915}'..='\u{0939}' } else { '\u{0A15}'..='\u{0A39}' };
    consonants.contains(&letter)
}

/// A letter without the dot below it, which writers set or leave out alike; none for the dot itself.
pub(crate) fn without_dot(character: char) -> Option<char> {
    Some(match character {
        '\u{0A3C}' | '\u{093C}' => return None,
        '\u{0A33}' => 'ਲ',
        '\u{0A36}' => 'ਸ',
        '\u{0A59}' => 'ਖ',
        '\u{0A5A}' => 'ਗ',
        '\u{0A5B}' => 'ਜ',
        '\u{0A5E}' => 'ਫ',
        '\u{0958}' => 'क',
        '\u{0959}' => 'ख',
        '\u{095A}' => 'ग',
        '\u{095B}' => 'ज',
        '\u{095C}' => 'ड',
        '\u{095D}' => 'ढ',
        '\u{095E}' => 'फ',
        other => other,
    })
}

/// A word as lists of words have it: lower case, no dots below.
pub(crate) fn bare(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.chars().filter_map(without_dot).flat_map(char::to_lowercase).collect()
}

/// Whether a character belongs to a word: letters, the vowel signs of Indian scripts, and the marks of others.
pub(crate) fn is_letter(character: char) -> bool {
    match character {
        '\0'..='\x7F' => character.is_ascii_alphabetic(),
        '\u{0964}' | '\u{0965}' => false,
        // All blocks of Indic scripts have one plan: digits come after letters and signs.
        '\u{0900}'..='\u{0DFF}' if (character as u32 & 0x7F) < 0x66 => true,
        '\u{0971}'..='\u{097F}' | '\u{0A70}'..='\u{0A75}' => true,
        _ => character.is_alphabetic() || is_mark(character),
    }
}

/// Marks over, under and between letters that writers set or leave out: accents typed apart from their letter, Hebrew points,
/// the vowels and the stretching of Arabic, and what stands for an apostrophe.
pub(super) fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{02B9}'..='\u{02BF}'
            | '\u{0300}'..='\u{036F}'
            | '\u{0591}'..='\u{05BD}'
            | '\u{05BF}'..='\u{05C7}'
            | '\u{0610}'..='\u{061A}'
            | '\u{0640}'
            | '\u{064B}'..='\u{065F}'
            | '\u{0670}'
            | '\u{06D6}'..='\u{06ED}'
    )
}

/// Whether a character is of a script that writes names without spaces: Han, kana, Hangul.
pub(crate) fn is_unspaced(character: char) -> bool {
    matches!(
        character,
        '\u{1100}'..='\u{11FF}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{30FF}'
            | '\u{3130}'..='\u{318F}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{AC00}'..='\u{D7A3}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{323AF}'
    )
}

/// A text as its words are compared: lower case, without the marks that one writer sets and another leaves out, and one letter
/// where a script has several for the same. Indic letters stay as they are, for their sounds are compared.
///
/// ```
/// use kanak_engine::standardize::script::comparable;
/// assert_eq!(comparable("José Groß"), "jose gross");
/// assert_eq!(comparable("أحمد"), comparable("احمد"));
/// assert_eq!(comparable("渡邊"), comparable("渡辺"));
/// ```
pub fn comparable(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            'a'..='z' | '\u{0900}'..='\u{0DFF}' => out.push(character),
            _ if is_mark(character) => {}
            _ => character.to_lowercase().for_each(|lower| match latin_letters(lower) {
                Some(letters) => out.push_str(letters),
                None if is_mark(lower) => {}
                None => out.push(one_of_its_kind(lower)),
            }),
        }
    }
    out
}

/// The plain letters of a lower-case Latin letter with marks, or of two letters in one. None for any other character.
pub(super) fn latin_letters(lower: char) -> Option<&'static str> {
    Some(match lower {
        '\0'..='\u{00DE}' => return None,
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ǟ' | 'ǡ' | 'ǻ' | 'ȁ' | 'ȃ' | 'ȧ' | 'ə' | 'ḁ'
        | 'ẚ' | 'ạ' | 'ả' | 'ấ' | 'ầ' | 'ẩ' | 'ẫ' | 'ậ' | 'ắ' | 'ằ' | 'ẳ' | 'ẵ' | 'ặ' => "a",
        'ḃ' | 'ḅ' | 'ḇ' => "b",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' | 'ḉ' => "c",
        'ð' | 'ď' | 'đ' | 'ḋ' | 'ḍ' | 'ḏ' | 'ḑ' | 'ḓ' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ȅ' | 'ȇ' | 'ȩ' | 'ḕ' | 'ḗ' | 'ḙ' | 'ḛ' | 'ḝ' | 'ẹ'
        | 'ẻ' | 'ẽ' | 'ế' | 'ề' | 'ể' | 'ễ' | 'ệ' => "e",
        'ḟ' => "f",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' | 'ǵ' | 'ḡ' => "g",
        'ĥ' | 'ħ' | 'ȟ' | 'ḣ' | 'ḥ' | 'ḧ' | 'ḩ' | 'ḫ' | 'ẖ' => "h",
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ȉ' | 'ȋ' | 'ḭ' | 'ḯ' | 'ỉ' | 'ị' => {
            "i"
        }
        'ĵ' | 'ǰ' => "j",
        'ķ' | 'ĸ' | 'ǩ' | 'ḱ' | 'ḳ' | 'ḵ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' | 'ḷ' | 'ḹ' | 'ḻ' | 'ḽ' => "l",
        'ḿ' | 'ṁ' | 'ṃ' => "m",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŋ' | 'ǹ' | 'ṅ' | 'ṇ' | 'ṉ' | 'ṋ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | 'ǒ' | 'ǫ' | 'ǭ' | 'ǿ' | 'ȍ' | 'ȏ' | 'ȫ' | 'ȭ'
        | 'ȯ' | 'ȱ' | 'ṍ' | 'ṏ' | 'ṑ' | 'ṓ' | 'ọ' | 'ỏ' | 'ố' | 'ồ' | 'ổ' | 'ỗ' | 'ộ' | 'ớ' | 'ờ' | 'ở' | 'ỡ' | 'ợ' => {
            "o"
        }
        'ṕ' | 'ṗ' => "p",
        'ŕ' | 'ŗ' | 'ř' | 'ȑ' | 'ȓ' | 'ṙ' | 'ṛ' | 'ṝ' | 'ṟ' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ſ' | 'ṡ' | 'ṣ' | 'ṥ' | 'ṧ' | 'ṩ' => "s",
        'ţ' | 'ť' | 'ŧ' | 'ț' | 'ṫ' | 'ṭ' | 'ṯ' | 'ṱ' | 'ẗ' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ǔ' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' | 'ȕ' | 'ȗ'
        | 'ṳ' | 'ṵ' | 'ṷ' | 'ṹ' | 'ṻ' | 'ụ' | 'ủ' | 'ứ' | 'ừ' | 'ử' | 'ữ' | 'ự' => "u",
        'ṽ' | 'ṿ' => "v",
        'ŵ' | 'ẁ' | 'ẃ' | 'ẅ' | 'ẇ' | 'ẉ' | 'ẘ' => "w",
        'ẋ' | 'ẍ' => "x",
        'ý' | 'ÿ' | 'ŷ' | 'ȳ' | 'ẏ' | 'ẙ' | 'ỳ' | 'ỵ' | 'ỷ' | 'ỹ' => "y",
        'ź' | 'ż' | 'ž' | 'ẑ' | 'ẓ' | 'ẕ' => "z",
        'æ' | 'ǣ' | 'ǽ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        'ĳ' => "ij",
        _ => return None,
    })
}

/// The one letter for which a script writes several: alefs, yehs and hehs of Arabic, Persian and Urdu; accents of Greek; hiragana
/// as katakana; characters of Japanese names that have an old and a new form.
fn one_of_its_kind(lower: char) -> char {
    match lower {
        '\u{0386}'..='\u{0451}' => match lower {
            'ά' => 'α',
            'έ' => 'ε',
            'ή' => 'η',
            'ί' | 'ϊ' | 'ΐ' => 'ι',
            'ό' => 'ο',
            'ύ' | 'ϋ' | 'ΰ' => 'υ',
            'ώ' => 'ω',
            'ς' => 'σ',
            'ё' => 'е',
            other => other,
        },
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ؤ' => 'و',
        'ى' | 'ی' | 'ئ' => 'ي',
        'ک' => 'ك',
        'ة' | 'ۀ' | 'ہ' | 'ۃ' | 'ھ' | 'ە' => 'ه',
        '\u{3041}'..='\u{3096}' => char::from_u32(lower as u32 + 0x60).unwrap_or(lower),
        '髙' => '高',
        '﨑' => '崎',
        '邊' | '邉' => '辺',
        '齊' | '齋' | '斉' => '斎',
        '澤' => '沢',
        '廣' => '広',
        '櫻' => '桜',
        '國' => '国',
        '濱' | '濵' => '浜',
        '嶋' | '嶌' => '島',
        '眞' => '真',
        '惠' => '恵',
        '榮' => '栄',
        '德' => '徳',
        '瀨' => '瀬',
        other => other,
    }
}

/// Appends a Latin word with one capital: `GURPREET` and `gurpreet` become `Gurpreet`. Other scripts have no capitals.
pub(crate) fn push_title(out: &mut String, word: &str) {
    if word.bytes().all(|b| b.is_ascii_alphabetic()) {
        let start = out.len();
        out.push_str(word);
        if let Some((first, rest)) = out.get_mut(start..).and_then(|word| word.split_at_mut_checked(1)) {
            first.make_ascii_uppercase();
            rest.make_ascii_lowercase();
        }
        return;
    }
    let mut first = true;
    for character in word.chars() {
        out.push(if first {
            one(character.to_uppercase(), character)
        } else {
            one(character.to_lowercase(), character)
        });
        first = !is_letter(character) && character != '\'' && !character.is_ascii_digit();
    }
}

/// The one character of a change of case; a character whose change is several (a ligature's) stays as it is.
fn one(mut changed: impl Iterator<Item = char>, character: char) -> char {
    changed.next().filter(|_| changed.next().is_none()).unwrap_or(character)
}

/// Whether the words of a text are Latin; mixed texts go by their first letter.
pub fn is_latin(text: &str) -> bool {
    text.chars().find(|character| is_letter(*character)).is_none_or(|first| (first as u32) < 0x0250)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_with_a_dot_below_is_one_whichever_way_it_was_typed() {
        assert_eq!(fold("\u{A36}ੇਰ"), "ਸ\u{A3C}ੇਰ");
        assert_eq!(fold("\u{95B}ोरा"), "ज\u{93C}ोरा");
        assert_eq!(fold("ਸ\u{A3C}\u{A3C}"), "ਸ\u{A3C}");
        assert_eq!(fold("\u{A3C} \u{A3C}ਸ"), "ਸ");
        assert_eq!(bare("\u{A36}ੇਰ"), bare("ਸ\u{A3C}ੇਰ"));
    }

    #[test]
    fn digits_of_other_scripts_and_full_width_forms_are_ascii() {
        for digits in ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９", "০১২৩৪৫৬৭৮৯", "௦௧௨௩௪௫௬௭௮௯", "੦੧੨੩੪੫੬੭੮੯"]
        {
            assert_eq!(fold(digits), "0123456789");
        }
        assert_eq!(fold("Ｓｍｉｔｈ，　Ａ．"), "Smith, A.");
    }

    #[track_caller]
    fn compares(left: &str, right: &str) {
        assert_eq!(comparable(left), comparable(right), "{left} / {right}");
    }

    #[test]
    fn marks_and_variants_of_a_letter_make_no_other_word() {
        compares("JOSÉ", "jose");
        compares("Jose\u{301}", "José");
        compares("Łukasz Wałęsa", "Lukasz Walesa");
        compares("İbrahim Yıldız", "Ibrahim Yildiz");
        compares("Nguyễn", "Nguyen");
        compares("Straße Ærø Œuvre Þór", "Strasse Aero Oeuvre Thor");
        compares("Παπαδόπουλος", "ΠΑΠΑΔΟΠΟΥΛΟΣ");
        compares("Фёдор", "Федор");
        compares("مُحَمَّد", "محمد");
        compares("إيمان فاطمة يحيى", "ایمان فاطمه یحیی");
        compares("كريـــم", "کریم");
        compares("さくら", "サクラ");
        compares(
            "髙橋 山﨑 渡邊 齋藤 澤田 廣島 櫻井 國男 濱田 嶋田",
            "高橋 山崎 渡辺 斉藤 沢田 広島 桜井 国男 浜田 島田",
        );
    }

    #[test]
    fn indic_words_are_compared_as_they_are_written() {
        assert_eq!(comparable("ਗੁਰਪ੍ਰੀਤ शेर Kaur"), "ਗੁਰਪ੍ਰੀਤ शेर kaur");
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(fold("\u{FEFF}Gur\u{200D}preet\u{200B}"), "Gurpreet");
        assert_eq!(fold("\u{200B} \t\r\n"), "");
    }
}
