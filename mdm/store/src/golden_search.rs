//! Finding golden records by words: name, father's name, numbers that offices issued.

use kanak_model::golden_record::GoldenValues;
use kanak_model::{Access, Class, EntityModel, GoldenId, GoldenRecord, Kind, Timestamp};

use crate::Store;
use crate::access_sql::compile;
use crate::db::on_db;
use crate::declared_models::Eras;
use crate::dialect::{JsonColumn, search_query, search_words, sql};
use crate::error::StoreError;
use crate::golden_records::{COLUMNS, GoldenRow, readable_now, recorded_until};
use crate::past::held_after;

/// How many golden records of the past are looked at at a time.
const PAST_PAGE: u32 = 2_000;

/// Among how many finds the best are chosen. A single common surname finds more; a second word narrows it.
const CANDIDATES: u32 = 400;

/// So many words of a text are searched for.
const WORDS_MAX: usize = 8;
/// And so many of them that are a single letter or digit.
const LETTERS_MAX: usize = 2;

/// Kinds by whose words a golden record is found. Sensitive attributes are never indexed.
fn is_searched(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PersonName
            | Kind::BusinessName
            | Kind::PlaceName
            | Kind::Mobile
            | Kind::Email
            | Kind::Pan
            | Kind::Gstin
            | Kind::Epic
            | Kind::Udyam
            | Kind::Identifier
            | Kind::Pin
    )
}

/// The attributes by whose words golden records of a model are found.
pub(crate) fn searched(model: &EntityModel) -> impl Iterator<Item = &kanak_model::entity_model::Attribute> {
    model
        .attributes
        .iter()
        .filter(|attribute| attribute.class != Class::Sensitive)
        .filter(|attribute| is_searched(attribute.kind) || attribute.name == model.label)
}

/// Lower-case runs of letters and digits. Vowel signs of Indian scripts belong to their letters.
fn tokens(text: &str) -> impl Iterator<Item = String> {
    let is_word = |c: char| c.is_alphanumeric() || ('\u{0900}'..='\u{0DFF}').contains(&c);
    text.split(move |c| !is_word(c))
        .filter(|token| !token.is_empty())
        .map(|token| token.chars().take(40).collect::<String>().to_lowercase())
}

/// What the index keeps of a golden record that is found by the words of these attributes.
pub(crate) fn words<'a>(searched: impl Iterator<Item = &'a str>, values: &GoldenValues) -> String {
    let mut all: Vec<String> =
        searched.filter_map(|attribute| values.get(attribute)).flat_map(|value| tokens(&value.value)).collect();
    all.sort_unstable();
    all.dedup();
    all.join(" ")
}

impl Store {
    /// Live golden records that have, for each word of `text`, a word beginning with it; those whose label begins with
    /// `text` first. Who may not see an indexed attribute's class finds nothing.
    pub async fn search_golden(
        &self,
        access: &Access,
        model: &EntityModel,
        text: &str,
        limit: u32,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let asked = asked_words(text);
        if asked.is_empty() || !may_search(access, model) {
            return Ok(Vec::new());
        }
        let engine = self.db.engine();
        let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 4);
        let words = search_words(engine);
        let statement = format!(
            "{COLUMNS} {} WHERE {} AND g.state = 'live' AND g.entity = $2 AND {} ORDER BY {} LIMIT $3",
            words.join, words.matches, condition.sql, words.order
        );
        let rows: Vec<GoldenRow> = on_db!(&self.db, |c| {
            let mut query = sqlx::query_as(sql(engine, &statement))
                .bind(search_query(engine, &asked))
                .bind(&model.name)
                .bind(i64::from(limit.max(CANDIDATES)));
            for text in condition.bind {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        let golden = rows.into_iter().map(GoldenRecord::from).collect();
        let mut found = Best::new(model, &asked, limit);
        self.offer_shown(access, golden, &mut found).await?;
        Ok(found.finish())
    }

    /// The same of the golden records that were live at a recorded time, as they were then. No index is kept of the past: all of
    /// them are looked through, about a second for each hundred thousand, and no find is passed over.
    pub async fn search_golden_at(
        &self,
        access: &Access,
        model: &EntityModel,
        text: &str,
        limit: u32,
        known_at: Timestamp,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let known_at = known_at.min(recorded_until(&mut self.db.begin_read().await?).await?);
        let eras = Eras::load(&mut self.db.begin_read().await?, &model.name).await?;
        let model = eras.model_at(model, known_at);
        let model: &EntityModel = &model;
        let asked = asked_words(text);
        if asked.is_empty() || !may_search(access, model) {
            return Ok(Vec::new());
        }
        let mut found = Best::new(model, &asked, limit);
        let mut after: Option<GoldenId> = None;
        loop {
            let mut tx = self.db.begin_read().await?;
            let rows = held_after(&mut tx, access, &model.name, after, PAST_PAGE, known_at).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id());
            let mut fitting = Vec::new();
            for row in rows {
                let mut golden = GoldenRecord::from(row);
                golden.values = eras.carry(golden.values, golden.recorded_from, known_at);
                golden.recorded_to = golden.recorded_to.filter(|to| *to <= known_at);
                if has_words(model, &golden.values, &asked) {
                    fitting.push(golden);
                }
            }
            let ids: Vec<i64> = fitting.iter().map(|golden| golden.id.0).collect();
            let readable = readable_now(&mut tx, access, &ids).await?;
            drop(tx);
            fitting.retain(|golden| readable.contains(&golden.id.0));
            self.offer_shown(access, fitting, &mut found).await?;
        }
        Ok(found.finish())
    }

    /// Sorted by what is shown, and found by nothing else: a withheld value would tell itself by either.
    async fn offer_shown(
        &self,
        access: &Access,
        golden: Vec<GoldenRecord>,
        found: &mut Best<'_>,
    ) -> Result<(), StoreError> {
        let shown = self.show_all(access, found.model, golden).await?;
        let is_told =
            |golden: &GoldenRecord| !access.may_withhold() || has_words(found.model, &golden.values, found.asked);
        let told: Vec<GoldenRecord> = shown.into_iter().filter(is_told).collect();
        for golden in told {
            found.offer(golden);
        }
        Ok(())
    }
}

/// The words of a text, as many as are searched for. The index is read through for all that a single letter begins, so that only few of
/// these count.
fn asked_words(text: &str) -> Vec<String> {
    let mut letters = 0;
    let counts = |token: &String| {
        letters += usize::from(token.len() == 1);
        token.len() > 1 || letters <= LETTERS_MAX
    };
    tokens(text).take(WORDS_MAX).filter(counts).collect()
}

/// Whether the caller may search: who may not see an indexed attribute's class finds nothing.
pub fn may_search(access: &Access, model: &EntityModel) -> bool {
    searched(model).all(|attribute| access.shows(attribute.class))
}

/// How far golden values are from asked words, 0 the nearest; `None` where these do not find them.
pub fn distance_of(model: &EntityModel, golden: &GoldenRecord, text: &str) -> Option<usize> {
    let asked = asked_words(text);
    (!asked.is_empty() && has_words(model, &golden.values, &asked)).then(|| distance(model, &asked, golden))
}

/// Whether golden values have, for each asked word, a word beginning with it among those by which they are found.
fn has_words(model: &EntityModel, values: &GoldenValues, asked: &[String]) -> bool {
    let words = words(searched(model).map(|attribute| attribute.name.as_str()), values);
    asked.iter().all(|asked| words.split(' ').any(|word| word.starts_with(asked.as_str())))
}

/// The best finds so far: the nearest to what was asked, of equal ones those of smaller ids.
struct Best<'a> {
    model: &'a EntityModel,
    asked: &'a [String],
    limit: usize,
    found: Vec<(usize, GoldenRecord)>,
}

impl<'a> Best<'a> {
    fn new(model: &'a EntityModel, asked: &'a [String], limit: u32) -> Self {
        Self { model, asked, limit: limit as usize, found: Vec::new() }
    }

    fn offer(&mut self, golden: GoldenRecord) {
        self.found.push((distance(self.model, self.asked, &golden), golden));
        if self.found.len() > 2 * self.limit.max(CANDIDATES as usize) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.found.sort_by_key(|(distance, golden)| (*distance, golden.id));
        self.found.truncate(self.limit);
    }

    fn finish(mut self) -> Vec<GoldenRecord> {
        self.cut();
        self.found.into_iter().map(|(_, golden)| golden).collect()
    }
}

/// How many asked words are no whole word of the label; a label in the asked order is nearer still.
fn distance(model: &EntityModel, asked: &[String], golden: &GoldenRecord) -> usize {
    let label: Vec<String> =
        golden.values.get(&model.label).map(|value| tokens(&value.value).collect()).unwrap_or_default();
    let missing = asked.iter().filter(|token| !label.contains(token)).count();
    2 * missing + usize::from(!label.starts_with(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_of_a_few_words_and_of_hardly_any_single_letters() {
        assert_eq!(asked_words("H. S. Gill, Ludhiana"), ["h", "s", "gill", "ludhiana"]);
        assert_eq!(asked_words(&"a b ".repeat(10_000)), ["a", "b"]);
        assert_eq!(asked_words("a b c d gill"), ["a", "b", "gill"]);
        assert_eq!(asked_words(&"gill ".repeat(10_000)).len(), WORDS_MAX);
        assert!(asked_words(" . ").is_empty());
    }
}
