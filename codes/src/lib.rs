#![doc = include_str!("../README.md")]

mod aliases;
mod as_of;
mod bits;
mod calendar;
mod charter;
mod chosen;
mod codes;
mod concept;
mod concept_map;
mod currency;
mod dated;
mod day;
mod declared;
mod defects;
mod diff;
mod district_history;
mod district_outline;
mod error;
mod expand;
mod head_of_account;
mod hierarchy;
mod holidays;
pub mod identifiers;
mod imports;
mod in_use;
mod index;
pub mod land;
mod language;
mod lineage;
mod members;
mod places;
mod references;
mod scheme;
mod search;
mod shape;
mod sidecar;
mod slips;
mod sounds;
mod system;
mod table;
mod text;
mod validate;
mod value_set;
mod versions;

pub use crate::{
    as_of::{AsOf, BATCH_MAX, Judgement},
    calendar::{Calendar, DayOff, Stop, StopClock},
    charter::{AppealLevel, AppealStage, ServiceCharter, WorkingDayLimit, appeal_stages},
    chosen::{Choice, Chosen, Selection},
    codes::{Codes, Part},
    concept::{Concept, Property, Status, Validity},
    concept_map::{ConceptMap, Direction, Mapping, Relationship, Translation},
    currency::{Currency, last_day_of},
    day::{Day, NotADay},
    defects::Defect,
    diff::{Change, Diff, FieldChange, diff},
    district_history::DistrictOn,
    district_outline::{DistrictAt, DistrictOutlines},
    error::CodesError,
    expand::{Expand, Expanded, Expansion},
    head_of_account::{HeadError, HeadLevel, HeadNature, HeadOfAccount, MajorHead},
    hierarchy::Hierarchy,
    holidays::{Holiday, Holidays},
    imports::{
        CELL_BYTES_MAX, CODE_BYTES_MAX, DigitObject, IMPORT_BYTES_MAX, IMPORT_ROWS_MAX, Imported, digit_objects,
        import_csv, import_digit, import_fhir, import_rows,
    },
    in_use::CodesInUse,
    language::Language,
    lineage::{Lineage, LineageStep},
    members::{MemberJudgement, Membership},
    places::PlaceName,
    references::{HolderCount, HolderKind, LostReferences, Reference},
    scheme::{Clause, ClauseOutcome, Condition, Eligibility, Fact, Facts, Scheme, Schemes, UnknownFact, WrongFact},
    search::{Matched, SearchHit},
    sidecar::{NONE_STATED, Sidecar},
    system::{CodeSystem, Subsumption},
    validate::{DisplayCheck, InvalidReason, SUGGESTIONS_MAX, Validation},
    value_set::{OneOrMore, Rule, ValueSet},
};
