//! The reading of a name field.

use super::super::script;
use super::words::{self, Meaning, Needs, Role};
use super::{Marker, PersonName, Relation, Sex};

/// One word of the field, as it will be shown.
struct Word {
    shown: String,
    meaning: Meaning,
    is_of: bool,
    form: Form,
    comma_after: bool,
}

/// How a word was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A single letter that stands for a name.
    Initial,
    /// Two capitals or more.
    Capitals,
    Plain,
}

impl Word {
    fn is_initial(&self) -> bool {
        self.form == Form::Initial
    }

    /// Whether it is of a script that writes the family's name first and no spaces.
    fn is_unspaced(&self) -> bool {
        self.shown.starts_with(script::is_unspaced)
    }
}

/// Reads a folded text.
pub(super) fn parse(raw: &str) -> PersonName {
    let mut words = split(raw);
    let relation = take_relation(&mut words);
    let is_baby = matches!(relation, Some((Relation::BabyOf, _)));
    // At the start, a word for an alias is a name: Aka.
    let end = (0..words.len()).find(|at| ends_a_name(&words[*at]) && (*at > 0 || !words[*at].meaning.is(Role::Alias)));
    words.truncate(end.unwrap_or(words.len()));
    let plain =
        words.iter().all(|word| word.meaning.relation.is_none() && !word.meaning.is(Role::Baby) && !ends_a_name(word));
    // Mrs. Roy, Anthony: titles stay before.
    let family = words.iter().take_while(|word| word.meaning.is(Role::Honorific)).count();
    if plain && words.len() >= family + 2 && words[family].comma_after && !words[family].is_unspaced() {
        words[family..].rotate_left(1);
    }
    let titled = take_titles(&mut words);
    if is_baby {
        words.clear();
    }
    assemble(words, relation, titled)
}

/// Parts a folded text into words. Digits and what stands in brackets are left out; a stop ends a word; a slash joins one, so that
/// `S / O` is `s/o`.
fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::with_capacity(6);
    let mut word = String::new();
    let mut depth = 0_u32;
    for character in text.chars().chain([' ']) {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => continue,
            '/' | '\\' => {
                let joins = word.is_empty() && words.last().is_some_and(Word::is_initial);
                if let Some(letter) = words.pop_if(|_| joins) {
                    word = letter.shown;
                }
                if !word.is_empty() {
                    word.push('/');
                }
                continue;
            }
            ' ' if word.ends_with('/') => continue,
            '@' => {
                finish(&mut word, &mut words);
                if !words.is_empty() {
                    push("@", "@", &mut words);
                }
                continue;
            }
            '\'' | '’' if !word.is_empty() => {
                word.push('\'');
                continue;
            }
            other if script::is_letter(other) => {
                word.push(other);
                continue;
            }
            _ => {}
        }
        finish(&mut word, &mut words);
        if character == ','
            && let Some(last) = words.last_mut()
        {
            last.comma_after = true;
        }
    }
    finish(&mut word, &mut words);
    words
}

/// Ends a word: in title case, with Singh and Kaur parted from a given name they were glued to, `s/oName` likewise.
fn finish(word: &mut String, words: &mut Vec<Word>) {
    let text = std::mem::take(word);
    let text = text.trim_end_matches(['/', '\'']);
    if text.is_empty() {
        return;
    }
    let bare = script::bare(text);
    let glued = bare.len() == text.len() && text.is_ascii();
    let cut = match bare.len() {
        length if !glued || length < 4 => length,
        _ if bare[1..].starts_with("/o") && words::meaning(&bare[..3]).relation.is_some() => 3,
        length if length >= 8 && bare.ends_with("singh") => length - 5,
        length if length >= 9 && bare.ends_with("kaur") => length - 4,
        length => length,
    };
    if cut < bare.len() {
        push(&text[..cut], &bare[..cut], words);
        push(&text[cut..], &bare[cut..], words);
    } else {
        push(text, &bare, words);
    }
}

fn push(text: &str, bare: &str, words: &mut Vec<Word>) {
    let mut shown = String::with_capacity(text.len());
    script::push_title(&mut shown, text);
    let mut letters = bare.chars();
    let is_initial = letters.next().is_some_and(has_initials) && letters.next().is_none();
    let form = if is_initial {
        Form::Initial
    } else if text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Form::Capitals
    } else {
        Form::Plain
    };
    let meaning = words::meaning(bare);
    words.push(Word { shown, meaning, is_of: bare == "of", form, comma_after: false });
}

/// Whether a letter of a bare word is of a script in which one letter stands for a name: those with capitals, and the Indic ones.
fn has_initials(letter: char) -> bool {
    letter.is_lowercase() || matches!(letter, '\u{0900}'..='\u{0DFF}')
}

/// Whether what follows is no part of the name: an alias or a residence.
fn ends_a_name(word: &Word) -> bool {
    word.meaning.is(Role::Alias) || word.meaning.is(Role::Residence)
}

/// Takes the relative out of the field: the words after the first relation, up to a residence, an alias or another relation.
fn take_relation(words: &mut Vec<Word>) -> Option<(Relation, String)> {
    if let Some(of) = of_a_baby(words) {
        let mut mother: Vec<Word> = std::mem::take(words).into_iter().take(of).collect();
        take_titles(&mut mother);
        return Some((Relation::BabyOf, join(&mother)));
    }
    let (at, relation, from) = (0..words.len()).find_map(|at| {
        let (relation, from) = relation_at(words, at)?;
        Some((at, relation, from))
    })?;
    let mut relative = words.split_off(from);
    words.truncate(at);
    let end = (0..relative.len()).find(|at| relation_at(&relative, *at).is_some() || ends_a_name(&relative[*at]));
    relative.truncate(end.unwrap_or(relative.len()));
    take_titles(&mut relative);
    let name = join(&relative);
    (!name.is_empty()).then_some((relation, name))
}

/// In Indian languages the mother's name comes first, then the word for `of`, where it is found, then `baby`: ਰਾਣੀ ਦਾ ਬੱਚਾ.
fn of_a_baby(words: &[Word]) -> Option<usize> {
    let is_of =
        |at: &usize| words[*at].meaning.is(Role::Of) && !words[*at].is_of && words[at + 1].meaning.is(Role::Baby);
    (1..words.len().saturating_sub(1)).find(is_of)
}

/// The relation that begins at a word, and where its relative's name begins.
fn relation_at(words: &[Word], at: usize) -> Option<(Relation, usize)> {
    let meaning = words[at].meaning;
    if meaning.is(Role::Baby) {
        let of = words[at + 1..].iter().take(3).position(|word| word.meaning.is(Role::Of))?;
        return Some((Relation::BabyOf, at + 2 + of));
    }
    let (relation, needs) = meaning.relation?;
    let of = words.get(at + 1).is_some_and(|next| next.is_of);
    let good = match needs {
        Needs::Nothing => true,
        Needs::Of => of,
        Needs::NamesAround => stands_among_indian_names(words, at),
        Needs::CapitalsAmongNames => words[at].form == Form::Capitals && stands_among_indian_names(words, at),
    };
    good.then_some((relation, at + 1 + usize::from(of)))
}

/// Whether a word has a name on either side, and one of them, three words off at most, has a second name of India or begins
/// with a title.
fn stands_among_indian_names(words: &[Word], at: usize) -> bool {
    const NEAR: usize = 3;
    let (before, after) = (&words[at.saturating_sub(NEAR)..at], &words[at + 1..]);
    let Some(next) = after.first() else { return false };
    let has_marker = before.iter().chain(after.iter().take(NEAR)).any(|word| word.meaning.marker.is_some());
    !before.is_empty() && (has_marker || next.meaning.is(Role::Honorific) || next.meaning.is(Role::Title))
}

/// Drops titles before and words of respect after a name, as long as a name remains. Tells whether one was a woman's.
fn take_titles(words: &mut Vec<Word>) -> Option<Sex> {
    let mut womans = None;
    let mut start = 0;
    while let Some([first, rest @ ..]) = words.get(start..) {
        let drop = if first.meaning.is(Role::Honorific) {
            !rest.is_empty()
        } else {
            first.meaning.is(Role::Title) && leads_a_name(rest)
        };
        if !drop {
            break;
        }
        if first.meaning.is(Role::WomansTitle) {
            womans = Some(Sex::Female);
        }
        start += 1;
    }
    words.drain(..start);
    while words.len() >= 2 && words.last().is_some_and(|last| last.meaning.is(Role::Suffix)) {
        words.pop();
    }
    womans
}

/// Whether words make a full name, so that a title before them is one: two words or more, the first a given name.
fn leads_a_name(rest: &[Word]) -> bool {
    let [first, second, ..] = rest else { return false };
    !first.is_initial() && first.meaning.marker.is_none() && !second.meaning.is(Role::Suffix)
}

/// Says of each word what it is.
fn assemble(words: Vec<Word>, relation: Option<(Relation, String)>, titled: Option<Sex>) -> PersonName {
    let marker = |at: usize| words[at].meaning.marker;
    let is_name = |at: &usize| marker(*at).is_none() && !words[*at].is_initial();
    let first_name = (0..words.len()).find(is_name);
    let given = match words.first() {
        Some(first) if matches!(first.meaning.marker, Some(Marker::Singh | Marker::Kaur)) => first_name.or(Some(0)),
        Some(first) if !first.is_initial() => Some(0),
        _ => first_name,
    };
    let surname = (0..words.len()).rfind(|at| is_name(at) && Some(*at) != given);
    let tells_who = |at: &usize| is_name(at) || marker(*at).is_some_and(words::tells_who);
    let middle = (0..words.len()).filter(|at| tells_who(at) && Some(*at) != given && Some(*at) != surname);
    let middle: Vec<String> = middle.map(|at| words[at].shown.clone()).collect();
    let borne: Vec<Marker> = (0..words.len()).filter(|at| Some(*at) != given).filter_map(marker).collect();
    let own = given.and_then(marker);
    let related = relation.as_ref().and_then(|(relation, _)| relation.implied_sex());
    let initials =
        (0..words.len()).filter(|at| words[*at].is_initial()).filter_map(|at| words[at].shown.chars().next());
    PersonName {
        middle,
        surname: surname.map(|at| words[at].shown.clone()),
        given: given.map(|at| words[at].shown.clone()),
        initials: initials.collect(),
        implied_sex: custom_sex(own, &borne).or(titled).or(related),
        markers: borne,
        tokens: words.into_iter().map(|word| word.shown).collect(),
        relation,
    }
}

/// The sex by custom. Kaur is a woman's whatever goes before; otherwise a given name of the other sex leaves it open (Rani Singh).
fn custom_sex(given: Option<Marker>, borne: &[Marker]) -> Option<Sex> {
    let last = *borne.last()?;
    let contrary = given.is_some_and(|given| given.sex() != last.sex());
    (last == Marker::Kaur || !contrary).then(|| last.sex())
}

fn join(words: &[Word]) -> String {
    let mut name = String::new();
    for word in words {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(&word.shown);
    }
    name
}
