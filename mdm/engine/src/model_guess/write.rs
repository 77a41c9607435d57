//! An entity model as TOML.

use std::fmt::Write as _;

use kanak_model::entity_model::EntityModel;
use kanak_model::kind::Class;
use kanak_model::text::Titles;

/// Writes a model so that [`EntityModel::parse`] reads the same model back.
pub fn to_toml(model: &EntityModel) -> String {
    let mut out = String::new();
    let line = |out: &mut String, text: std::fmt::Arguments<'_>| {
        out.write_fmt(text).and_then(|()| out.write_char('\n')).expect("a string takes all text");
    };
    line(&mut out, format_args!("[entity]\nname = {}\nplural = {}", quoted(&model.name), quoted(&model.plural)));
    line(&mut out, format_args!("title = {}\nlabel = {}", titles(&model.title), quoted(&model.label)));
    line(&mut out, format_args!("status = {}", quoted(&model.status_default)));
    for attribute in &model.attributes {
        line(&mut out, format_args!("\n[[attribute]]\nname = {}", quoted(&attribute.name)));
        line(&mut out, format_args!("kind = \"{}\"\nclass = \"{}\"", attribute.kind.name(), class(attribute.class)));
        if let Some(system) = &attribute.system {
            line(&mut out, format_args!("system = {}", quoted(system)));
        }
        if let Some(entity) = &attribute.entity {
            line(&mut out, format_args!("entity = {}", quoted(entity)));
        }
        if attribute.required {
            line(&mut out, format_args!("required = true"));
        }
        if let Some(title) = &attribute.title {
            line(&mut out, format_args!("title = {}", titles(title)));
        }
    }
    for rule in &model.matching.blocking {
        let keys: Vec<String> = rule.keys.iter().map(|key| quoted(&String::from(key.clone()))).collect();
        line(&mut out, format_args!("\n[[matching.blocking]]\nkeys = [{}]", keys.join(", ")));
    }
    for comparison in &model.matching.comparison {
        line(&mut out, format_args!("\n[[matching.comparison]]\nattribute = {}", quoted(&comparison.attribute)));
        for (word, value) in [("crosswise", &comparison.crosswise), ("group", &comparison.group)] {
            if let Some(value) = value {
                line(&mut out, format_args!("{word} = {}", quoted(value)));
            }
        }
        if let Some(counts) = comparison.term_frequency {
            line(&mut out, format_args!("term_frequency = {counts}"));
        }
    }
    let thresholds = model.matching.thresholds;
    line(
        &mut out,
        format_args!("\n[matching.thresholds]\nmatch = {:?}\nreview = {:?}", thresholds.matched, thresholds.review),
    );
    for rule in &model.survivorship {
        let (attribute, strategy) = (quoted(&rule.attribute), rule.strategy.word());
        line(&mut out, format_args!("\n[[survivorship]]\nattribute = {attribute}\nstrategy = \"{strategy}\""));
    }
    for rule in &model.status_rules {
        let (status, present) = (quoted(&rule.status), quoted(&rule.when_present));
        line(&mut out, format_args!("\n[[status]]\nstatus = {status}\nwhen_present = {present}"));
    }
    out
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn titles(titles: &Titles) -> String {
    let mut parts = vec![format!("en = {}", quoted(&titles.en))];
    parts.extend(titles.pa.as_deref().map(|text| format!("pa = {}", quoted(text))));
    parts.extend(titles.hi.as_deref().map(|text| format!("hi = {}", quoted(text))));
    format!("{{ {} }}", parts.join(", "))
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Public => "public",
        Class::Internal => "internal",
        Class::Personal => "personal",
        Class::Sensitive => "sensitive",
    }
}
