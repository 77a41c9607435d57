//! The two lists of policy rules: the gazette's, and the departments' own, which know some by code and all by title.

use chrono::{Datelike as _, Days, NaiveDate};

use crate::chance::{Chance, Purpose};
use crate::citizen::DateForm;
use crate::error::SynthError;
use crate::extract::Folder;
use crate::layout::{Layout, text};
use crate::numbers;
use crate::people::World;
use crate::ratios;
use crate::row::Row;

const GAZETTE: [&str; 8] =
    ["RULE_CODE", "TITLE", "DEPT_CODE", "ACT", "SECTION", "IN_FORCE_FROM", "IN_FORCE_TO", "SUPERSEDES"];
const DEPARTMENTS: [&str; 6] = ["SERIAL", "RULE_NO", "SUBJECT", "DEPT_CODE", "SECTION", "EFFECTIVE"];

/// What rules are about, the department and a made-up act.
const SUBJECTS: [(&str, &str, &str); 8] = [
    ("Widow Pension Eligibility", "LGD-2516", "Model Social Security Act"),
    ("Ration Card Issue", "LGD-1339", "Model Food Security Act"),
    ("Land Record Mutation", "LGD-1349", "Model Land Records Act"),
    ("Shop Registration", "LGD-1345", "Model Shops Act"),
    ("Vehicle Fitness", "LGD-1352", "Model Motor Vehicles Rules"),
    ("School Admission", "LGD-400", "Model Education Act"),
    ("Building Plan Approval", "LGD-412", "Model Municipal Act"),
    ("Hospital Fee Waiver", "LGD-402", "Model Health Services Act"),
];

/// A rule of the made-up state.
struct PolicyRule {
    code: String,
    title: String,
    department: &'static str,
    act: &'static str,
    section: String,
    from: NaiveDate,
}

/// Writes both lists.
pub(crate) fn write_policy_rules(world: &World, folder: &mut Folder) -> Result<(), SynthError> {
    let mut gazette = folder.extract(Layout::new("policy_gazette", text(','), &GAZETTE, &["RULE_CODE"]))?;
    let mut departments = folder.extract(Layout::new("department_rules", text(','), &DEPARTMENTS, &["SERIAL"]))?;
    let mut truth = folder.truth("policy_rule")?;
    let rules: Vec<PolicyRule> = (1..=ratios::POLICY_RULES).map(|entity| draw(entity, world)).collect();
    let mut row = Row::default();
    for (rule, entity) in rules.iter().zip(1_u64..) {
        let mut chance = Chance::new(world.seed, Purpose::PolicyRules, entity + ratios::POLICY_RULES);
        // Each rule of a subject replaces the one before it.
        let before = entity.checked_sub(1 + SUBJECTS.len() as u64).map(|at| &rules[at as usize]);
        let after = rules.get(entity as usize - 1 + SUBJECTS.len());
        row.clear();
        row.put(&rule.code);
        row.put(&rule.title);
        row.put(rule.department);
        row.put(rule.act);
        row.put(&rule.section);
        DateForm::Iso.put_days(&mut row, &[Some(rule.from), after.map(|after| after.from)]);
        row.put(before.map_or("", |before| &before.code));
        if gazette.write(&row, 1, folder)? {
            truth.write(format_args!("policy_gazette,{},{entity}", gazette.key()))?;
        }
        row.clear();
        row.put_fmt(format_args!("DR-{:04}", numbers::scatter(entity, 10_000, 17)));
        row.put(if chance.share(0.7) { &rule.code } else { "" });
        row.put_with(|out| {
            let title = rule.title.replace("Eligibility", "Eligiblity").replace("Registration", "Regn.");
            out.push_str(&if chance.share(0.5) { title.to_uppercase() } else { title });
        });
        row.put(rule.department);
        row.put(&rule.section);
        DateForm::DaySlash.put_days(&mut row, &[Some(rule.from)]);
        if departments.write(&row, 1, folder)? {
            truth.write(format_args!("department_rules,{},{entity}", departments.key()))?;
        }
    }
    folder.finish(gazette)?;
    folder.finish(departments)?;
    folder.finish_listing(truth, "policy_rule")
}

fn draw(entity: u64, world: &World) -> PolicyRule {
    let mut chance = Chance::new(world.seed, Purpose::PolicyRules, entity);
    let at = (entity - 1) as usize;
    let (subject, department, act) = SUBJECTS[at % SUBJECTS.len()];
    let issue = at / SUBJECTS.len();
    let issues = ratios::POLICY_RULES as usize / SUBJECTS.len();
    // Issues of a subject follow each other by about three years.
    let from = world.end - Days::new(((issues - issue) * 1_100) as u64 - chance.between(0, 300) as u64);
    PolicyRule {
        code: format!("PR-{}-{entity:03}", from.year()),
        title: format!("{subject} Rules, {}", from.year()),
        department,
        act,
        section: format!("{}({})", chance.between(3, 60), chance.between(1, 6)),
        from,
    }
}
