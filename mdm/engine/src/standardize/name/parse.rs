//! The reading of a name field.

use super::super::script;
use super::{Marker, PersonName, Relation, Sex, words};

/// One word of the field: as it will be shown, and bare for the lists of words.
struct Word {
    shown: String,
    bare: String,
    comma_after: bool,
}

pub(super) fn parse(raw: &str) -> PersonName {
    let mut words = split(&script::fold(raw));
    let relation = take_relation(&mut words);
    let is_baby = matches!(relation, Some((Relation::BabyOf, _)));
    if let Some(end) = words.iter().position(|word| words::is_alias(&word.bare) || words::is_residence(&word.bare)) {
        words.truncate(end);
    }
    if words.len() >= 2 && words[0].comma_after && !words::is_honorific(&words[0].bare) {
        words.rotate_left(1);
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
                let joins = word.is_empty() && words.last().is_some_and(|last| last.bare.chars().count() == 1);
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
                words.push(Word { shown: "@".to_owned(), bare: "@".to_owned(), comma_after: false });
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
        if character == ',' && let Some(last) = words.last_mut() {
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
    let cut = if bare.len() > 3 && bare.is_ascii() && bare[1..].starts_with("/o") && words::relation(&bare[..3]).is_some() {
        3
    } else if bare.is_ascii() && bare.len() >= 8 && (bare.ends_with("singh") || bare.ends_with("kaur") && bare.len() >= 9) {
        bare.len() - if bare.ends_with("singh") { 5 } else { 4 }
    } else {
        bare.len()
    };
    if cut < bare.len() && text.len() == bare.len() {
        push(&text[..cut], bare[..cut].to_owned(), words);
        push(&text[cut..], bare[cut..].to_owned(), words);
    } else {
        push(text, bare, words);
    }
}

fn push(text: &str, bare: String, words: &mut Vec<Word>) {
    let mut shown = String::with_capacity(text.len());
    script::push_title(&mut shown, text);
    words.push(Word { shown, bare, comma_after: false });
}

/// Takes the relative out of the field: the words after the first relation, up to a residence, an alias or another relation.
fn take_relation(words: &mut Vec<Word>) -> Option<(Relation, String)> {
    let (at, relation, from) = (0..words.len()).find_map(|at| {
        let (relation, from) = relation_at(words, at)?;
        Some((at, relation, from))
    })?;
    let mut relative = words.split_off(from);
    words.truncate(at);
    let end = (0..relative.len()).find(|at| {
        relation_at(&relative, *at).is_some()
            || words::is_residence(&relative[*at].bare)
            || words::is_alias(&relative[*at].bare)
    });
    relative.truncate(end.unwrap_or(relative.len()));
    take_titles(&mut relative);
    let name = join(&relative);
    (!name.is_empty()).then_some((relation, name))
}

/// The relation that begins at a word, and where its relative's name begins.
fn relation_at(words: &[Word], at: usize) -> Option<(Relation, usize)> {
    let bare = words[at].bare.as_str();
    if words::is_baby(bare) {
        let of = words[at + 1..].iter().take(3).position(|word| words::is_of(&word.bare))?;
        return Some((Relation::BabyOf, at + 2 + of));
    }
    let relation = words::relation(bare)?;
    let of = words.get(at + 1).is_some_and(|next| next.bare == "of");
    let inside = at > 0 && at + 1 < words.len();
    let good = words::stands_alone(bare) || if words::needs_of(bare) { of } else { inside && is_bare_relation(bare) };
    good.then_some((relation, at + 1 + usize::from(of)))
}

/// Relations that are often written without their slash, and are no name between two names.
fn is_bare_relation(bare: &str) -> bool {
    matches!(bare, "so" | "do" | "wo" | "putra" | "putri" | "patni" | "putar")
}

/// Drops titles before and words of respect after a name, as long as a name remains. Tells whether one was a woman's.
fn take_titles(words: &mut Vec<Word>) -> Option<Sex> {
    let mut womans = None;
    let mut start = 0;
    while let Some([first, rest @ ..]) = words.get(start..) {
        let drop = if words::is_honorific(&first.bare) { !rest.is_empty() } else { words::is_title(&first.bare) && leads_a_name(rest) };
        if !drop {
            break;
        }
        if words::is_womans_title(&first.bare) {
            womans = Some(Sex::Female);
        }
        start += 1;
    }
    words.drain(..start);
    while words.len() >= 2 && words.last().is_some_and(|last| words::is_suffix(&last.bare)) {
        words.pop();
    }
    womans
}

/// Whether words make a full name, so that a title before them is one: two words or more, the first a given name.
fn leads_a_name(rest: &[Word]) -> bool {
    let [first, second, ..] = rest else { return false };
    let is_name = |word: &Word| word.bare.chars().count() > 1 && words::marker(&word.bare).is_none();
    is_name(first) && !words::is_suffix(&second.bare)
}

/// Says of each word what it is.
fn assemble(words: Vec<Word>, relation: Option<(Relation, String)>, titled: Option<Sex>) -> PersonName {
    let markers: Vec<Option<Marker>> = words.iter().map(|word| words::marker(&word.bare)).collect();
    let is_initial: Vec<bool> = words.iter().map(|word| word.bare.chars().count() == 1).collect();
    let is_name = |at: &usize| markers[*at].is_none() && !is_initial[*at];
    let first_name = (0..words.len()).find(is_name);
    let given = match markers.first() {
        Some(Some(Marker::Singh | Marker::Kaur)) => first_name.or(Some(0)),
        Some(_) if !is_initial[0] => Some(0),
        _ => first_name,
    };
    let surname = (0..words.len()).rfind(|at| is_name(at) && Some(*at) != given);
    let middle = (0..words.len()).filter(|at| is_name(at) && Some(*at) != given && Some(*at) != surname);
    let middle: Vec<String> = middle.map(|at| words[at].shown.clone()).collect();
    let borne: Vec<Marker> = (0..words.len()).filter(|at| Some(*at) != given).filter_map(|at| markers[at]).collect();
    let own = given.and_then(|at| markers[at]);
    let related = relation.as_ref().and_then(|(relation, _)| relation.implied_sex());
    let initials = (0..words.len()).filter(|at| is_initial[*at]).filter_map(|at| words[at].shown.chars().next());
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
