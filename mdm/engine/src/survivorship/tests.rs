use kanak_model::entity_model::SurvivorshipStrategy::{
    self, Longest, MostComplete, MostFrequent, MostRecent, MostTrusted, ValidatedFirst,
};
use kanak_model::source_record::Stated;
use proptest::prelude::*;

use super::*;

fn model(kind: &str, strategy: SurvivorshipStrategy) -> EntityModel {
    let strategy = strategy.word();
    let text = format!(
        "[entity]\nname = \"thing\"\ntitle = {{ en = \"Thing\" }}\nlabel = \"a\"\n[[attribute]]\nname = \"a\"\nkind = \"{kind}\"\n\
         [[attribute]]\nname = \"died_on\"\nkind = \"date\"\n[[survivorship]]\nattribute = \"a\"\nstrategy = \"{strategy}\"\n\
         [[status]]\nstatus = \"deceased\"\nwhen_present = \"died_on\"\n"
    );
    EntityModel::parse("thing.toml", &text).unwrap()
}

/// Value, trust, updated; the id is the place, from 1.
type Case = (&'static str, f64, Option<i64>);

fn with_members<T>(cases: &[Case], order: &[usize], run: impl Fn(&[Member<'_>]) -> T) -> T {
    let values: Vec<Values> = cases
        .iter()
        .map(|(value, ..)| std::iter::once(("a".to_owned(), Stated::new(*value, value))).collect())
        .collect();
    let trusts: Vec<_> = cases.iter().map(|(_, trust, _)| move |_: &str| *trust).collect();
    // Ranks that ascend with the place, whatever their hashes are.
    let mut ranks: Vec<Rank> = (0..cases.len()).map(|at| Rank::of("register", &at.to_string())).collect();
    ranks.sort_unstable();
    let members: Vec<Member<'_>> = order
        .iter()
        .map(|at| Member {
            id: SourceRecordId(*at as i64 + 1),
            rank: ranks[*at],
            version: 1,
            values: &values[*at],
            updated: cases[*at].2.map(Timestamp),
            recorded_from: Timestamp(100 - *at as i64),
            trust: &trusts[*at],
        })
        .collect();
    run(&members)
}

/// The winner is the case at `winner`, with so many agreeing, whichever way round the members come.
#[track_caller]
fn check(kind: &str, strategy: SurvivorshipStrategy, cases: &[Case], winner: usize, agreeing: u32) {
    let model = model(kind, strategy);
    let forward: Vec<usize> = (0..cases.len()).collect();
    let backward: Vec<usize> = forward.iter().rev().copied().collect();
    for order in [&forward, &backward] {
        let survived = with_members(cases, order, |members| survive(&model, members));
        let value = &survived.values["a"];
        assert_eq!(value.source_record, SourceRecordId(winner as i64 + 1), "{cases:?}");
        assert_eq!(value.value, cases[winner].0);
        assert_eq!((value.agreeing, value.stated), (agreeing, cases.len() as u32), "{cases:?}");
        assert_eq!(value.strategy, strategy);
    }
}

#[test]
fn what_a_steward_stated_last_wins_and_the_sources_are_still_counted() {
    let model = model("text", MostFrequent);
    let cases: [Case; 3] = [("x", 0.5, None), ("x", 0.5, None), ("y", 0.9, Some(1))];
    let stated = |id: i64, subject: i64, attribute: &str, value: &str| ValueOverride {
        id: kanak_model::OverrideId(id),
        subject: SourceRecordId(subject),
        attribute: attribute.to_owned(),
        value: value.to_owned(),
    };
    let overrides = [
        stated(2, 3, "a", "y"),
        stated(1, 1, "a", "z"),
        stated(3, 99, "a", "of somebody else"),
        stated(4, 1, "no_attribute", "q"),
        stated(5, 2, "died_on", "2024-05-06"),
    ];
    let overrides: Vec<&ValueOverride> = overrides.iter().collect();
    let survived = with_members(&cases, &[0, 1, 2], |members| survive_with(&model, members, &overrides));
    let value = &survived.values["a"];
    assert_eq!((value.value.as_str(), value.strategy), ("y", SurvivorshipStrategy::StewardOverride));
    assert_eq!((value.source_record, value.agreeing, value.stated), (SourceRecordId(3), 1, 3));
    assert_eq!(survived.status, "deceased", "a status follows from what a steward stated too");
    assert_eq!((survived.values["died_on"].agreeing, survived.values["died_on"].stated), (0, 0));
    assert!(!survived.values.contains_key("no_attribute"));
    let first = with_members(&cases, &[0, 1, 2], |members| survive_with(&model, members, &overrides[1..2]));
    assert_eq!(first.values["a"].value, "z");
    let none = with_members(&cases, &[0, 1, 2], |members| survive_with(&model, members, &overrides[2..4]));
    assert_eq!(none.values["a"].value, "x");
}

#[test]
fn no_model_declares_a_stewards_override() {
    let text = "[entity]\nname = \"thing\"\ntitle = { en = \"Thing\" }\nlabel = \"a\"\n[[attribute]]\nname = \"a\"\nkind = \"text\"\n\
                [[survivorship]]\nattribute = \"a\"\nstrategy = \"steward_override\"\n";
    let error = EntityModel::parse("thing.toml", text).unwrap_err().to_string();
    assert!(error.contains("steward_override") && error.contains("most_trusted"), "{error}");
}

#[test]
fn most_trusted_goes_by_trust_then_recency_then_rank() {
    check("text", MostTrusted, &[("x", 0.5, Some(9)), ("y", 0.9, Some(1))], 1, 1);
    check("text", MostTrusted, &[("x", 0.5, Some(1)), ("y", 0.5, Some(2))], 1, 1);
    check("text", MostTrusted, &[("x", 0.5, Some(1)), ("y", 0.5, Some(1))], 0, 1);
    check("text", MostTrusted, &[("x", 0.5, None), ("y", 0.5, Some(1))], 1, 1);
    check("text", MostTrusted, &[("x", 0.5, None)], 0, 1);
}

#[test]
fn most_recent_goes_by_the_departments_own_date_and_never_by_arrival() {
    check("mobile", MostRecent, &[("x", 0.9, Some(1)), ("y", 0.1, Some(2))], 1, 1);
    check("mobile", MostRecent, &[("x", 0.1, Some(1)), ("y", 0.9, None)], 0, 1);
    check("mobile", MostRecent, &[("x", 0.1, None), ("y", 0.9, None)], 1, 1);
    check("mobile", MostRecent, &[("x", 0.5, None), ("y", 0.5, None)], 0, 1);
}

#[test]
fn most_frequent_counts_those_who_say_the_same() {
    check("text", MostFrequent, &[("x", 0.9, Some(9)), ("y", 0.1, None), ("y", 0.2, None)], 2, 2);
    check("text", MostFrequent, &[("x", 0.9, None), ("y", 0.1, None)], 0, 1);
    check("text", MostFrequent, &[("x", 0.1, None), ("y", 0.3, None), ("x", 0.2, None), ("y", 0.1, None)], 1, 2);
}

#[test]
fn names_agree_by_sound_in_any_script() {
    let spellings = [("Jaswinder Singh", 0.2, None), ("ਜਸਵਿੰਦਰ ਸਿੰਘ", 0.1, None), ("Jasbir Singh", 0.9, None)];
    check("person_name", MostFrequent, &spellings, 0, 2);
    check("text", MostFrequent, &spellings, 2, 1);
}

#[test]
fn places_that_differ_in_a_number_do_not_agree() {
    let places = [("Sector 22", 0.9, None), ("Sector 35", 0.1, None), ("SECTOR 35", 0.2, None)];
    check("place_name", MostFrequent, &places, 2, 2);
}

#[test]
fn in_two_scripts_the_most_trusted_spelling_wins() {
    check("person_name", MostTrusted, &[("Jaswinder", 0.2, Some(5)), ("ਜਸਵਿੰਦਰ", 0.3, None)], 1, 2);
}

#[test]
fn longest_counts_characters_not_bytes() {
    check("text", Longest, &[("abcd", 0.1, None), ("ਕਖਗ", 0.9, None)], 0, 1);
}

#[test]
fn most_complete_prefers_full_dates_full_names_and_full_addresses() {
    check("date", MostComplete, &[("1985", 0.9, Some(9)), ("1985-03", 0.5, None), ("1985-03-01", 0.1, None)], 2, 1);
    let heaped = [("1985-01-01", 0.9, Some(9)), ("1985-03-01", 0.1, None), ("1985", 0.9, None), ("1985-03", 0.9, None)];
    check("date", MostComplete, &heaped, 1, 1);
    check("date", MostComplete, &[("1985-01-01", 0.1, None), ("1985-03", 0.9, Some(9))], 0, 1);
    let two_of_three = [("1985-03-02", 0.9, Some(9)), ("1985-03-01", 0.1, None), ("1985-03-01", 0.2, None)];
    check("date", MostComplete, &two_of_three, 2, 2);
    check("person_name", MostComplete, &[("G. S. Sidhu", 0.9, None), ("Gurpreet Singh", 0.1, None)], 1, 1);
    check("person_name", MostComplete, &[("Baby Of Manpreet Kaur Gill", 0.9, None), ("Ekam", 0.1, None)], 1, 1);
    check("address", MostComplete, &[("Rurka Kalan Wala Khurd", 0.9, None), ("House 5, Rurka", 0.1, None)], 1, 1);
    check("business_name", MostComplete, &[("Gill Traders", 0.9, None), ("Gill Traders Pvt Ltd", 0.1, None)], 1, 1);
}

#[test]
fn validated_first_prefers_what_passes_its_check() {
    check("epic", ValidatedFirst, &[("WKH1186263", 0.9, None), ("WKH1186253", 0.1, None)], 1, 1);
    check("date", ValidatedFirst, &[("1985", 0.9, None), ("1985-03-01", 0.1, None)], 1, 1);
    check("text", ValidatedFirst, &[("x", 0.1, None), ("y", 0.9, None)], 1, 1);
}

#[test]
fn status_follows_the_presence_of_a_value_and_nothing_stated_survives_as_nothing() {
    let model = model("text", MostTrusted);
    let empty = survive(&model, &[]);
    assert_eq!((empty.status.as_str(), empty.values.len()), ("active", 0));
    let values: Values = std::iter::once(("died_on".to_owned(), Stated::new("2024-01-02", "2024-01-02"))).collect();
    let trust = |_: &str| 0.5;
    let member = Member {
        id: SourceRecordId(7),
        rank: Rank::of("register", "7"),
        version: 3,
        values: &values,
        updated: None,
        recorded_from: Timestamp(0),
        trust: &trust,
    };
    let survived = survive(&model, &[member]);
    assert_eq!(survived.status, "deceased");
    assert_eq!(survived.values["died_on"].source_version, 3);
}

#[test]
fn an_explanation_names_for_each_value_what_it_lost_by() {
    let model = model("person_name", MostComplete);
    let cases = [
        ("Jaswinder Singh Gill", 0.5, None),
        ("ਜਸਵਿੰਦਰ ਸਿੰਘ ਗਿੱਲ", 0.4, None),
        ("Jaswinder", 0.9, None),
        ("Jasbir Singh Gill", 0.5, None),
    ];
    let explained = with_members(&cases, &[2, 0, 3, 1], |members| explain_value(&model, "a", members)).unwrap();
    let standings: Vec<(i64, Standing)> =
        explained.contenders.iter().map(|contender| (contender.source_record.0, contender.standing)).collect();
    assert_eq!(
        standings,
        [
            (1, Standing::Won),
            (2, Standing::Agrees(Loss::LessTrusted)),
            (4, Standing::Lost(Loss::LessFrequent)),
            (3, Standing::Lost(Loss::LessComplete)),
        ]
    );
    let alike = [cases[0], cases[3]];
    let explained = with_members(&alike, &[1, 0], |members| explain_value(&model, "a", members)).unwrap();
    assert_eq!(explained.contenders[1].standing, Standing::Lost(Loss::LaterPlace));
    let lost = with_members(&cases, &[0, 1, 2, 3], |members| losers(&model, members));
    assert_eq!(lost[0].contenders.len(), 2);
    assert!(with_members(&cases, &[0], |members| explain_value(&model, "died_on", members)).is_none());
}

/// The golden father and husband of a citizen whose source records state these fathers and husbands; the later ones are trusted more.
#[track_caller]
fn check_relatives(stated: &[(&str, &str)], father: Option<&str>, husband: Option<&str>) {
    let model =
        kanak_model::builtin::entity_models().unwrap().into_iter().find(|model| model.name == "citizen").unwrap();
    let of = |(father, husband): &(&str, &str)| -> Values {
        [("father_name", *father), ("spouse_name", *husband)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), Stated::new(value, value)))
            .collect()
    };
    let values: Vec<Values> = stated.iter().map(of).collect();
    let trusts: Vec<_> = (0..stated.len()).map(|at| move |_: &str| at as f64 / 10.0).collect();
    let member = |at: usize| Member {
        id: SourceRecordId(at as i64),
        rank: Rank::of("register", &at.to_string()),
        version: 1,
        values: &values[at],
        updated: None,
        recorded_from: Timestamp(0),
        trust: &trusts[at],
    };
    let members: Vec<Member<'_>> = (0..stated.len()).map(member).collect();
    let survived = survive(&model, &members).values;
    let golden = |name: &str| survived.get(name).map(|value| value.value.as_str());
    assert_eq!((golden("father_name"), golden("spouse_name")), (father, husband), "{stated:?}");
    let contest = explain_value(&model, "father_name", &members);
    let won = contest.as_ref().and_then(|contest| contest.contenders.iter().find(|one| one.standing == Standing::Won));
    assert_eq!(won.map(|won| won.value.as_str()), father, "{contest:?}");
}

#[test]
fn a_husband_where_the_father_is_asked_for_is_no_father() {
    // One field for both, and `W/o` beside the name: the husband stands under both attributes.
    check_relatives(&[("Bir Singh", "Bir Singh")], None, Some("Bir Singh"));
    check_relatives(&[("Gian Singh", ""), ("Bir Singh", "Bir Singh")], Some("Gian Singh"), Some("Bir Singh"));
    let in_gurmukhi = [("Gian Singh", ""), ("ਜਸਵਿੰਦਰ ਸਿੰਘ", ""), ("", "Jaswinder Singh")];
    check_relatives(&in_gurmukhi, Some("Gian Singh"), Some("Jaswinder Singh"));
    // Nobody names a husband: nothing tells who is meant.
    check_relatives(&[("Bir Singh", "")], Some("Bir Singh"), None);
    check_relatives(&[("Gian Singh", "Bir Singh"), ("Gian Singh", "")], Some("Gian Singh"), Some("Bir Singh"));
}

proptest! {
    #[test]
    fn the_order_of_members_never_matters(
        picks in proptest::collection::vec((0_usize..6, 0_u8..3, proptest::option::of(0_i64..3)), 1..8),
        strategy in prop::sample::select(vec![MostTrusted, MostRecent, MostFrequent, Longest, MostComplete, ValidatedFirst]),
        kind in prop::sample::select(vec!["text", "person_name", "date"]),
        seed in any::<u64>(),
    ) {
        let texts = ["1985", "1985-03", "1985-03-01", "Jaswinder Singh", "ਜਸਵਿੰਦਰ ਸਿੰਘ", "J. Singh"];
        let cases: Vec<Case> = picks.iter().map(|(text, trust, updated)| (texts[*text], f64::from(*trust) / 2.0, *updated)).collect();
        let model = model(kind, strategy);
        let forward: Vec<usize> = (0..cases.len()).collect();
        let mut shuffled = forward.clone();
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, (seed.rotate_left(at as u32) % (at as u64 + 1)) as usize);
        }
        let one = with_members(&cases, &forward, |members| (survive(&model, members), explain_value(&model, "a", members)));
        let other = with_members(&cases, &shuffled, |members| (survive(&model, members), explain_value(&model, "a", members)));
        prop_assert_eq!(&one, &other);
        let won = &one.1.as_ref().unwrap().contenders[0];
        let value = &one.0.values["a"];
        prop_assert_eq!((won.source_record, &won.value, won.agreeing), (value.source_record, &value.value, value.agreeing));
        prop_assert!(value.agreeing >= 1 && value.agreeing <= value.stated);
    }
}
