//! Finding golden records by words: name, father's name, numbers that offices issued.

use kanak_model::golden_record::GoldenValues;
use kanak_model::{Access, Class, EntityModel, GoldenRecord, Kind};

use crate::Store;
use crate::access_sql::compile;
use crate::db::on_db;
use crate::dialect::{JsonColumn, search_query, search_words, sql};
use crate::error::StoreError;
use crate::golden_records::{COLUMNS, GoldenRow};

/// Among how many finds the best are chosen. A single common surname finds more; a second word narrows it.
const CANDIDATES: u32 = 400;

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

fn searched(model: &EntityModel) -> impl Iterator<Item = &kanak_model::entity_model::Attribute> {
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

/// What the index keeps of a golden record.
pub(crate) fn words(model: &EntityModel, values: &GoldenValues) -> String {
    let mut all: Vec<String> = searched(model)
        .filter_map(|attribute| values.get(&attribute.name))
        .flat_map(|value| tokens(&value.value))
        .collect();
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
        let asked: Vec<String> = tokens(text).take(8).collect();
        if asked.is_empty() || !searched(model).all(|attribute| access.shows(attribute.class)) {
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
        // Sorted by what is shown, and found by nothing else: a withheld value would tell itself by either.
        let shown = self.show_all(access, model, golden).await?;
        let is_told = |golden: &GoldenRecord| !access.may_withhold() || has_words(model, &asked, golden);
        let mut found: Vec<(usize, GoldenRecord)> =
            shown.into_iter().filter(is_told).map(|golden| (distance(model, &asked, &golden), golden)).collect();
        found.sort_by_key(|(distance, golden)| (*distance, golden.id));
        found.truncate(limit as usize);
        Ok(found.into_iter().map(|(_, golden)| golden).collect())
    }
}

/// Whether each asked word begins a word of what is shown.
fn has_words(model: &EntityModel, asked: &[String], golden: &GoldenRecord) -> bool {
    let words = words(model, &golden.values);
    asked.iter().all(|token| words.split(' ').any(|word| word.starts_with(token.as_str())))
}

/// How many asked words are no whole word of the label; a label in the asked order is nearer still.
fn distance(model: &EntityModel, asked: &[String], golden: &GoldenRecord) -> usize {
    let label: Vec<String> =
        golden.values.get(&model.label).map(|value| tokens(&value.value).collect()).unwrap_or_default();
    let missing = asked.iter().filter(|token| !label.contains(token)).count();
    2 * missing + usize::from(!label.starts_with(asked))
}
