//! JSON about codes written straight from the tables: no copy of a text is made on the way.

use std::borrow::Cow;

use kanak_codes::{AsOf, Concept, Language, SearchHit};

use super::view::status_word;

/// Writes a concept as [`super::view::ConceptView`] is written, properties in the order of the table.
pub fn write_concept<'c>(out: &mut Vec<u8>, as_of: AsOf<'c>, concept: Concept<'c>, language: Language) {
    let system = as_of.system();
    out.extend_from_slice(b"{\"system\":");
    write_text(out, system.name());
    out.extend_from_slice(b",\"version\":");
    write_text(out, system.version());
    out.extend_from_slice(b",\"code\":");
    write_text(out, concept.code());
    out.extend_from_slice(b",\"display\":");
    write_text(out, concept.display_in(language));
    out.extend_from_slice(b",\"designations\":");
    let designations = Language::ALL.into_iter();
    let named =
        designations.filter_map(|language| Some((language.tag(), Cow::Borrowed(concept.designation(language)?))));
    write_object(out, named);
    if let Some(parent) = as_of.parent(concept) {
        out.extend_from_slice(b",\"parent\":");
        write_text(out, parent);
    }
    out.extend_from_slice(b",\"status\":");
    write_text(out, status_word(concept.status()));
    out.extend_from_slice(b",\"properties\":");
    write_object(out, as_of.properties(concept));
    out.push(b'}');
}

/// Concepts as a JSON array.
pub fn concepts_json<'c>(as_of: AsOf<'c>, concepts: impl Iterator<Item = Concept<'c>>, language: Language) -> Vec<u8> {
    let mut out = vec![b'['];
    for concept in concepts {
        if out.len() > 1 {
            out.push(b',');
        }
        write_concept(&mut out, as_of, concept, language);
    }
    out.push(b']');
    out
}

/// What a search found as a JSON array: concepts, with the alias by which one was found.
pub fn hits_json<'c>(as_of: AsOf<'c>, hits: impl Iterator<Item = SearchHit<'c>>, language: Language) -> Vec<u8> {
    let mut out = vec![b'['];
    for hit in hits {
        if out.len() > 1 {
            out.push(b',');
        }
        write_concept(&mut out, as_of, hit.concept, language);
        if let Some(alias) = hit.alias {
            // Into the object that was just ended.
            out.pop();
            out.extend_from_slice(b",\"matched_alias\":");
            write_text(&mut out, alias);
            out.push(b'}');
        }
    }
    out.push(b']');
    out
}

fn write_object<'t>(out: &mut Vec<u8>, members: impl Iterator<Item = (&'t str, Cow<'t, str>)>) {
    out.push(b'{');
    for (place, (name, value)) in members.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_text(out, name);
        out.push(b':');
        write_text(out, &value);
    }
    out.push(b'}');
}

/// Writes a text as a JSON string.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| must_be_escaped(*byte)) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            control => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(control >> 4)]);
                out.push(HEX[usize::from(control & 15)]);
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Whether a byte cannot stand as it is in a JSON string.
pub fn must_be_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use kanak_codes::Codes;
    use proptest::prelude::*;

    use super::*;
    use crate::v1::code_systems::view::ConceptView;

    proptest! {
        #[test]
        fn any_text_reads_back(text in "\\PC{0,20}|[\\x00-\\x1f\"\\\\a]{0,20}") {
            let mut out = Vec::new();
            write_text(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn a_concept_is_written_as_its_view_is() {
        let codes = Codes::builtin().unwrap();
        for (system, code, day) in [
            ("lgd-district", "27", None),
            ("ifsc", "SBIN0000300", None),
            ("complaint-type", "NoStreetlight", None),
            ("service", "SVC-002", "2012-06-01".parse().ok()),
            ("lgd-subdistrict", "6856", "2019-07-01".parse().ok()),
        ] {
            let as_of = codes.as_of(system, None, day).unwrap();
            let concept = as_of.lookup(code).unwrap();
            for language in Language::ALL {
                let mut out = Vec::new();
                write_concept(&mut out, as_of, concept, language);
                let view = serde_json::to_value(ConceptView::new(as_of, concept, language)).unwrap();
                assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap(), view, "{code}");
            }
        }
    }

    #[test]
    fn what_a_search_found_is_written_as_its_view_is_with_the_alias() {
        let codes = Codes::builtin().unwrap();
        let as_of = codes.as_of("lgd-district", None, None).unwrap();
        for text in ["mohali", "amritsar"] {
            let hits = as_of.system().search(text, 3);
            let written = hits_json(as_of, hits.iter().copied(), Language::Pa);
            let views: Vec<ConceptView> =
                hits.iter().map(|hit| ConceptView::new(as_of, hit.concept, Language::Pa).found(*hit)).collect();
            let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
            assert_eq!(written, serde_json::to_value(views).unwrap(), "{text}");
            assert_eq!(written[0].get("matched_alias").is_some(), text == "mohali", "{written}");
        }
    }
}
