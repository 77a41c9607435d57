//! The command line: a contract. After any command: `--data`, `--hub`, `--json`, `--quiet`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use kanak_codes::Day;
use serde::{Deserialize, Serialize};

/// Golden records and a columnar warehouse for a state government.
#[derive(Debug, Parser)]
#[command(name = "kanak", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Where and how; after any command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Anywhere")]
pub struct Global {
    /// The folder that holds all state: hub, vault, lake, landing and keys.
    #[arg(long, global = true, default_value = "./kanak-data", value_name = "DIR")]
    pub data: PathBuf,
    /// The hub database: a SQLite file or a postgres: URL [default: hub.sqlite in the data folder].
    #[arg(long, global = true, value_name = "URL")]
    pub hub: Option<String>,
    /// Print for machines: one JSON document instead of tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but the result.
    #[arg(long, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole job on a made-up state with real codes; then serves it.
    Demo(DemoArgs),
    /// Make a deployment folder: kanak.toml, models, sources and an inbox.
    Init {
        /// The folder to make.
        dir: PathBuf,
    },
    /// What is in a file: types, kinds, completeness, patterns, outliers.
    Profile {
        /// CSV, NDJSON, XLSX or Parquet, perhaps gzipped.
        file: PathBuf,
    },
    /// Those that work on a data folder.
    #[command(flatten)]
    OnData(DataCommand),
    /// The audit trail: who read and changed what, checked and copied.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The Aadhaar vault: its keys, references that nobody uses, and what it needs as a service of its own.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Stand-alone linkage of files, without a hub.
    Match(MatchArgs),
    /// Entity models: guess one from a file, make one of Splink's settings, check one, or migrate the hub to one.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Look up, validate and search codes; import and publish versions of code systems.
    #[command(subcommand)]
    Codes(AnyCodesCommand),
    /// Questions of the legislature answered as of a day, signed, and the same a year later.
    #[command(subcommand)]
    Pack(PackCommand),
    /// Make a data folder of a backup, at a new place: it holds what was backed up, or nothing is made.
    Restore(RestoreArgs),
    /// Serve pages and the API.
    Serve(ServeArgs),
    /// Department extracts of a made-up state, with their truth.
    Synth(SynthArgs),
    /// Figures on a made-up state, one JSON line each.
    #[command(subcommand)]
    Bench(BenchCommand),
}

/// The commands that work on a data folder: in this process, or in the server that owns the folder.
#[derive(Debug, Clone, PartialEq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataCommand {
    /// Land, map and check registers' files; prints accepted, rejected, unchanged.
    Ingest(IngestArgs),
    /// Match what is new and write golden records.
    Resolve {
        /// Entity types; all when none is named.
        entities: Vec<String>,
        /// Change nothing: print what would change, by the models and sources as they are now.
        #[arg(long)]
        #[serde(default)]
        preview: bool,
    },
    /// Why a golden record is as it is; why two source records do or do not match.
    Explain {
        /// A golden id (K-000001-1), or a source record as SOURCE:KEY; two source records for a pair.
        #[arg(num_args = 1..=2, required = true)]
        ids: Vec<String>,
        /// Also write a page with the waterfall of the pair, or of each link of the golden record, to this file.
        #[arg(long, value_name = "FILE")]
        #[serde(default)]
        html: Option<PathBuf>,
        /// What the hub held then: a day (its end in India), or a time as an earlier answer names it.
        #[arg(long, value_name = "T", conflicts_with = "html")]
        #[serde(default)]
        known_at: Option<String>,
        /// What the golden record was at the end of this day in India, by what the hub knows now, or knew then with --known-at.
        #[arg(long, value_name = "DAY", conflicts_with = "html")]
        #[serde(default)]
        as_of: Option<String>,
    },
    /// `kanak model`, but for what needs no data folder.
    #[command(skip)]
    Model(ModelDataCommand),
    /// Bring the warehouse up to the hub.
    Refresh,
    /// Ask the warehouse, under the caller's access.
    Sql {
        /// One SELECT.
        query: String,
        /// Why personal tables are read: `operation` opens them to the owner of the data folder, and is audited.
        #[arg(long, default_value = "statistics", value_parser = ["statistics", "operation"])]
        purpose: String,
        /// At most this many rows.
        #[arg(long, default_value_t = 10_000)]
        rows_max: usize,
    },
    /// Figures by their definitions: list them, show one, or ask for them cut by dimensions and time.
    #[command(subcommand)]
    Metric(MetricCommand),
    /// Check every invariant that one hub can show.
    Verify,
    /// `kanak audit`, but for what needs no data folder.
    #[command(skip)]
    Audit(AuditDataCommand),
    /// Copy hub, vault, lake, landing, appraisals and packs to a folder, while they are in use; keys stay out.
    Backup {
        /// The folder to make.
        dir: PathBuf,
    },
    /// People who sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Keys of programs that call the API.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Subscribers to whom a server posts the change feed.
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// What a server does by itself at set times: the inbox, resolution, the warehouse, its housekeeping, checks of freshness.
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// `kanak codes`, as far as it asks.
    #[command(skip)]
    AskCodes(CodesCommand),
    /// `kanak codes`, as far as it is about what this deployment publishes.
    #[command(skip)]
    Codes(CodesDataCommand),
    /// `kanak vault`, but for what needs no hub.
    #[command(skip)]
    Vault(VaultDataCommand),
    /// Forget a golden record under a recorded order: hub, vault, landed files and lake.
    Erase(EraseArgs),
    /// Legal holds: what may not be erased, and why.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Sharing agreements: which register may be linked with another or read by a department, for what, until when.
    #[command(subcommand)]
    Agreement(AgreementCommand),
    /// Receipts of citizens' consent.
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// Officers' work beside what their cases let expect, frozen for a period; objections to it.
    #[command(subcommand)]
    Appraise(AppraiseCommand),
    /// `kanak pack`, but for what needs no data folder.
    #[command(skip)]
    Pack(PackDataCommand),
}

impl DataCommand {
    /// The same command with its paths absolute, so that it means the same in a process that stands in another folder.
    ///
    /// # Errors
    /// When the current folder cannot be told.
    pub fn with_absolute_paths(self) -> std::io::Result<Self> {
        Ok(match self {
            Self::Ingest(mut args) => {
                args.inbox = args.inbox.map(std::path::absolute).transpose()?;
                for word in &mut args.what {
                    let path = Path::new(word.as_str());
                    if path.exists() {
                        *word = std::path::absolute(path)?.to_string_lossy().into_owned();
                    }
                }
                Self::Ingest(args)
            }
            Self::Backup { dir } => Self::Backup { dir: std::path::absolute(dir)? },
            Self::Audit(AuditDataCommand::Export { file }) => {
                Self::Audit(AuditDataCommand::Export { file: std::path::absolute(file)? })
            }
            Self::Codes(CodesDataCommand::Import(mut args)) => {
                args.file = std::path::absolute(args.file)?;
                args.sidecar = args.sidecar.map(std::path::absolute).transpose()?;
                Self::Codes(CodesDataCommand::Import(args))
            }
            Self::Codes(CodesDataCommand::Bundle { out }) => {
                Self::Codes(CodesDataCommand::Bundle { out: std::path::absolute(out)? })
            }
            Self::Explain { ids, html, known_at, as_of } => {
                Self::Explain { ids, html: html.map(std::path::absolute).transpose()?, known_at, as_of }
            }
            Self::Pack(PackDataCommand::Make { name, as_of, out, anew }) => {
                Self::Pack(PackDataCommand::Make { name, as_of, out: out.map(std::path::absolute).transpose()?, anew })
            }
            Self::Pack(PackDataCommand::Again { id, out }) => {
                Self::Pack(PackDataCommand::Again { id, out: out.map(std::path::absolute).transpose()? })
            }
            Self::Appraise(AppraiseCommand::Report(mut args)) => {
                args.out = args.out.map(std::path::absolute).transpose()?;
                args.typst = args.typst.map(std::path::absolute).transpose()?;
                Self::Appraise(AppraiseCommand::Report(args))
            }
            other => other,
        })
    }

    /// Whether the command makes sense on a data folder that is not there yet.
    pub fn begins_a_deployment(&self) -> bool {
        matches!(self, Self::Ingest(_) | Self::User(_) | Self::Key(_))
    }

    /// Whether the command works by the declared models and sources.
    pub fn reads_declarations(&self) -> bool {
        match self {
            Self::Ingest(_)
            | Self::Resolve { .. }
            | Self::Refresh
            | Self::Verify
            | Self::Explain { .. }
            | Self::Model(_)
            | Self::Erase(_)
            | Self::Agreement(_)
            | Self::Schedule(_)
            | Self::Webhook(_) => true,
            Self::Sql { .. }
            | Self::Metric(_)
            | Self::Audit(_)
            | Self::Backup { .. }
            | Self::User(_)
            | Self::Key(_)
            | Self::Vault(_)
            | Self::AskCodes(_)
            | Self::Codes(_)
            | Self::Consent(_)
            | Self::Appraise(_)
            | Self::Pack(_)
            | Self::Hold(_) => false,
        }
    }

    /// Whether the command writes golden records, the lake or a copy of them: one such at a time in a server.
    pub fn is_work(&self) -> bool {
        match self {
            Self::Ingest(_)
            | Self::Resolve { .. }
            | Self::Model(_)
            | Self::Refresh
            | Self::Verify
            | Self::Backup { .. } => true,
            Self::Schedule(ScheduleCommand::Run { .. }) => true,
            // What is taken in meanwhile may use a reference that is being swept; a hold is placed before an erasure or after it.
            Self::Vault(VaultDataCommand::Sweep) | Self::Erase(_) | Self::Hold(HoldCommand::Add { .. }) => true,
            // It reads one release from end to end.
            Self::Appraise(AppraiseCommand::Freeze { .. }) | Self::Pack(PackDataCommand::Make { .. }) => true,
            Self::Explain { .. }
            | Self::Sql { .. }
            | Self::Metric(_)
            | Self::Audit(_)
            | Self::Webhook(_)
            | Self::Schedule(_)
            | Self::User(_)
            | Self::Key(_)
            | Self::Vault(_)
            | Self::AskCodes(_)
            | Self::Codes(_)
            | Self::Agreement(_)
            | Self::Consent(_)
            | Self::Appraise(_)
            | Self::Pack(_)
            | Self::Hold(_) => false,
        }
    }
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Citizen source records. Business source records are 0.12 of it, employees 0.05, applications 0.5,
    /// grievances 0.1, receipts 0.4, benefit payments 0.6. Schemes, public bodies, assets and policy rules are a few
    /// hundred in all, whatever it is.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pub records: u64,
    /// The seed of the made-up state.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Stop after the summary.
    #[arg(long)]
    pub no_serve: bool,
    /// Where the server listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: String,
}

/// Options of `ingest`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct IngestArgs {
    /// Source names, or files; every file of the inbox when none is named.
    pub what: Vec<String>,
    /// The folder where departments put their files [default: `inbox` of kanak.toml, else ./inbox].
    #[arg(long, value_name = "DIR")]
    pub inbox: Option<PathBuf>,
    /// Accept snapshots that would retire more of a source than its limit.
    #[arg(long)]
    pub accept_retired: bool,
    /// Read files once more that the hub knows, oldest first: for after a change of a source's declaration. The latest
    /// snapshot of a register needs no asking; older files could bring back what later ones have replaced.
    #[arg(long)]
    pub again: bool,
}

/// Options of `match`.
#[derive(Debug, Args)]
pub struct MatchArgs {
    /// Files of source records.
    #[arg(long, num_args = 1.., required = true, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Where clusters.csv, pairs.csv, cuts.csv, report.json and report.html go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The entity model; guessed from the data when none is given.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// The column with the source record's id [default: the row number from 1]. Once for all files, or once for each in their order.
    #[arg(long, value_name = "COLUMN")]
    pub id: Vec<String>,
    /// The column with the source [default: the file's name when several inputs are given, with its folder where two have one name].
    #[arg(long, value_name = "COLUMN")]
    pub source: Option<String>,
    /// Threads [default: all].
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print pairs per blocking rule and stop.
    #[arg(long)]
    pub plan: bool,
    /// True pairs (two columns of ids), to measure precision and recall.
    #[arg(long, value_name = "PAIRS")]
    pub truth: Option<PathBuf>,
    /// Estimate precision, recall and what blocking missed, without labels: some seconds more for a million rows.
    #[arg(long)]
    pub estimate: bool,
    /// Write so many pairs for a person to answer to sample.csv, chosen so that their answers tell precision and recall best.
    #[arg(long, value_name = "PAIRS")]
    pub sample: Option<u64>,
    /// The sample with its column `answer` filled in (`same` or `different`; empty where nobody can tell), to estimate from.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Print how the weight of a pair adds up, and put it into the report: two ids as in the files, or `source:id` where several
    /// sources have one. May be given several times.
    #[arg(long, value_name = "LEFT,RIGHT")]
    pub explain: Vec<String>,
}

/// Subcommands of `model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Those that work on files alone.
    #[command(flatten)]
    OnFiles(ModelFileCommand),
    /// Those that work on a data folder.
    #[command(flatten)]
    OnData(ModelDataCommand),
}

/// The subcommands of `model` that work on a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelDataCommand {
    /// Apply the migrations of entity models that wait, in models/migrations/ENTITY: what the hub holds is stated anew by their
    /// steps, and golden records follow. What was answered before does not change.
    Migrate {
        /// Entity types; all when none is named.
        entities: Vec<String>,
        /// Change nothing: print what each step would do.
        #[arg(long)]
        #[serde(default)]
        preview: bool,
    },
}

/// The subcommands of `model` that work on files alone.
#[derive(Debug, Subcommand)]
pub enum ModelFileCommand {
    /// Guess an entity model from a file and print it as TOML.
    Suggest {
        /// The file.
        file: PathBuf,
    },
    /// Make an entity model of the settings of a Splink model (3, 4 or 5) and print it as TOML; says what could not be carried
    /// over.
    ImportSplink {
        /// The JSON file that `save_model_to_json` wrote.
        #[arg(value_name = "SETTINGS.json")]
        file: PathBuf,
    },
    /// Match files by two models and print what the second merges and splits.
    Diff {
        /// The entity model as it is.
        before: PathBuf,
        /// The entity model as it would be.
        after: PathBuf,
        /// Files of source records.
        #[arg(long, num_args = 1.., required = true, value_name = "FILE")]
        input: Vec<PathBuf>,
        /// The column with the source record's id [default: the row number from 1]. Once for all files, or once for each in their
        /// order.
        #[arg(long, value_name = "COLUMN")]
        id: Vec<String>,
        /// The column with the source [default: the file's name when several inputs are given, with its folder where two have one
        /// name].
        #[arg(long, value_name = "COLUMN")]
        source: Option<String>,
    },
    /// Check an entity model.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// Which edition of a code system answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args, Serialize, Deserialize)]
pub struct EditionArgs {
    /// As of this day (2019-07-01): codes that were not valid then count as wrong.
    #[arg(long, value_name = "DAY")]
    pub as_of: Option<Day>,
    /// This version [default: the one that answers for the day, or the current one].
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
}

/// The subcommands of `codes` that ask: of the code systems that the data folder has in use, and without one of those in this binary.
#[derive(Debug, Clone, PartialEq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodesCommand {
    /// The code systems with their versions and sources.
    List,
    /// One code.
    #[command(disable_version_flag = true)]
    Lookup {
        /// The code system.
        system: String,
        /// The code.
        code: String,
        /// Which edition.
        #[command(flatten)]
        edition: EditionArgs,
    },
    /// Whether codes, or identifiers (aadhaar, pan, gstin, epic, mobile, udyam), are valid.
    #[command(disable_version_flag = true)]
    Validate {
        /// The code system, the value set or the checked kind.
        system: String,
        /// One or more codes.
        #[arg(required = true)]
        codes: Vec<String>,
        /// The name that came with the one code, in any language: a wrong one makes it not valid.
        #[arg(long, value_name = "NAME")]
        display: Option<String>,
        /// Which edition.
        #[command(flatten)]
        edition: EditionArgs,
    },
    /// Find codes by their words; spelling slips are forgiven.
    #[command(disable_version_flag = true)]
    Search {
        /// The code system.
        system: String,
        /// Words.
        #[arg(required = true)]
        text: Vec<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Which edition.
        #[command(flatten)]
        edition: EditionArgs,
    },
    /// The codes of a value set, or of a whole code system, a page at a time; without a name, the value sets there are.
    Expand {
        /// The value set or the code system.
        name: Option<String>,
        /// Only codes that begin so or whose names hold these words.
        #[arg(long, default_value = "")]
        filter: String,
        /// How many to pass over.
        #[arg(long, default_value_t = 0)]
        offset: usize,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        count: usize,
        /// Only codes that are valid on this day.
        #[arg(long, value_name = "DAY")]
        as_of: Option<Day>,
    },
    /// What a code is in another code system, by a concept map; without a map, the maps there are.
    Translate {
        /// The concept map.
        #[arg(requires = "code")]
        map: Option<String>,
        /// The code.
        code: Option<String>,
        /// From a target of the map to its sources.
        #[arg(long)]
        reverse: bool,
        /// As the map holds on this day.
        #[arg(long, value_name = "DAY")]
        as_of: Option<Day>,
    },
    /// Which of two codes contains the other.
    #[command(disable_version_flag = true)]
    Subsumes {
        /// The code system.
        system: String,
        /// The first code.
        a: String,
        /// The second code.
        b: String,
        /// In which hierarchy, such as reports_to [default: that of the parents].
        #[arg(long, value_name = "NAME")]
        hierarchy: Option<String>,
        /// Which edition.
        #[command(flatten)]
        edition: EditionArgs,
    },
    /// What changed from one version of a code system to another.
    Diff {
        /// The code system.
        system: String,
        /// The older version.
        from: String,
        /// The newer version [default: the current one].
        to: Option<String>,
        /// At most this many codes of each kind.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// The codes one level below a code.
    #[command(disable_version_flag = true)]
    Children {
        /// The code system.
        system: String,
        /// The code above: of the system that parents belong to.
        code: String,
        /// Which edition.
        #[command(flatten)]
        edition: EditionArgs,
    },
    /// What became of a code and where it came from.
    Lineage {
        /// The code system.
        system: String,
        /// The code, of whatever day.
        code: String,
        /// Changes after this day count as not having happened; lists what stands for the code on it.
        #[arg(long, value_name = "DAY")]
        as_of: Option<Day>,
    },
    /// How current each code system is: its date, the share of the official list, and what is known to be missing.
    Currency,
    /// What is wrong in the sources, for the stewards.
    Defects {
        /// Only of this code system.
        system: Option<String>,
    },
    /// What the state promises of a service: fee, documents, limit, officer and appeals, and what of it is made up.
    Charter {
        /// The code of the service, such as SVC-002.
        code: String,
        /// As it stood on this day [default: today].
        #[arg(long, value_name = "DAY")]
        as_of: Option<Day>,
    },
    /// By when an application for a service has to be decided.
    Due {
        /// The code of the service, such as SVC-002.
        code: String,
        /// The day on which the application was received.
        #[arg(long, value_name = "DAY")]
        received: Day,
        /// The district whose offices decide (LGD code): its own holidays do not count either.
        #[arg(long, value_name = "CODE")]
        district: Option<String>,
    },
    /// The days of a year on which offices do not work: who states each, and whether it was notified.
    Holidays {
        /// The year [default: this one].
        #[arg(long, value_name = "YEAR")]
        year: Option<i32>,
        /// The district whose own holidays are listed as well (LGD code).
        #[arg(long, value_name = "CODE")]
        district: Option<String>,
    },
    /// The rules of a scheme; with facts, whether they meet them, clause by clause.
    Scheme {
        /// The code of the scheme, such as SCH-05.
        code: String,
        /// A file with a JSON object of facts, such as {"age": 60}; `-` for standard input.
        #[arg(long, value_name = "FILE")]
        facts: Option<PathBuf>,
        /// What was in it, once it is read.
        #[arg(skip)]
        stated: Option<String>,
        /// By the rules of this day [default: today].
        #[arg(long, value_name = "DAY")]
        as_of: Option<Day>,
    },
    /// The district of Punjab in which a point lies.
    #[command(allow_negative_numbers = true)]
    At {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// As districts were on this day.
        #[arg(long, value_name = "DAY")]
        as_of: Option<Day>,
    },
}

/// Everything below `codes`.
#[derive(Debug, Subcommand)]
pub enum AnyCodesCommand {
    /// What answers questions about codes.
    #[command(flatten)]
    Ask(CodesCommand),
    /// What works on a data folder.
    #[command(flatten)]
    OnData(CodesDataCommand),
    /// Check a bundle of code systems, anywhere: every byte of it is as the key signed it.
    VerifyBundle {
        /// What `kanak codes bundle` wrote, or `/v1/code-bundle` answers.
        file: PathBuf,
        /// The public key, as `kanak audit key` prints it.
        #[arg(long, value_name = "PUBLIC")]
        key: String,
    },
}

/// The subcommands of `codes` about versions that this deployment publishes itself.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodesDataCommand {
    /// Read a list of codes, show what it changes, and propose it as a version of a code system: all of it or nothing.
    #[command(disable_version_flag = true)]
    Import(CodesImportArgs),
    /// Write all current code systems, value sets and concept maps into one signed file, for counters without a line to the hub.
    Bundle {
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Versions that wait for a second steward.
    Proposals {
        /// Those that were decided too.
        #[arg(long)]
        #[serde(default)]
        all: bool,
    },
    /// Publish a version that another steward proposed.
    Publish {
        /// The code system.
        system: String,
        /// Its version.
        #[arg(id = "code_version", value_name = "VERSION")]
        version: String,
        /// Who publishes: a steward, and not who proposed it.
        #[arg(long, value_name = "USER")]
        by: String,
        /// Why, in words.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Publish it though it removes codes that others name: these references will point to nothing.
        #[arg(long)]
        #[serde(default)]
        accept_removed: bool,
    },
    /// Refuse a version that another steward proposed.
    Refuse {
        /// The code system.
        system: String,
        /// Its version.
        #[arg(id = "code_version", value_name = "VERSION")]
        version: String,
        /// Who refuses: a steward, and not who proposed it.
        #[arg(long, value_name = "USER")]
        by: String,
        /// Why, in words.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Take back a version that waits.
    Withdraw {
        /// The code system.
        system: String,
        /// Its version.
        #[arg(id = "code_version", value_name = "VERSION")]
        version: String,
        /// Who takes it back: who proposed it.
        #[arg(long, value_name = "USER")]
        by: String,
        /// Why, in words.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Options of `codes import`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct CodesImportArgs {
    /// The list: CSV (perhaps gzipped), a FHIR CodeSystem in JSON, or a master of DIGIT in JSON.
    pub file: PathBuf,
    /// The code system; a new one needs --sidecar, unless the list is FHIR and says what it is.
    #[arg(long, value_name = "NAME")]
    pub system: String,
    /// csv, fhir or digit [default: what the list looks like].
    #[arg(long)]
    pub format: Option<String>,
    /// Its version [default: what the list says, or else the day from which it is in force, with -2 and so on for a further list of one
    /// day].
    #[arg(id = "code_version", long = "version", value_name = "VERSION")]
    pub version: Option<String>,
    /// The first day on which it is in force [default: today; of a new code system: ever since].
    #[arg(long, value_name = "DAY")]
    pub effective_from: Option<String>,
    /// The date of its source, as precisely as it is known: 2026-04-01, 2026-04 or 2026 [default: what the sidecar or the list says, or
    /// else not known].
    #[arg(long, value_name = "DAY")]
    #[serde(default)]
    pub source_date: Option<String>,
    /// What the list is, as TOML [default: what the version before says].
    #[arg(long, value_name = "FILE")]
    pub sidecar: Option<PathBuf>,
    /// Which master, of a DIGIT file with several.
    #[arg(long, value_name = "NAME")]
    pub master: Option<String>,
    /// Who proposes it: a steward. A second one publishes it.
    #[arg(long, value_name = "USER", required_unless_present = "dry_run")]
    pub by: Option<String>,
    /// Why, in words [default: which file was imported].
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Write nothing: show what the list would change.
    #[arg(long)]
    #[serde(default)]
    pub dry_run: bool,
    /// Propose it though it removes codes that others name: these references will point to nothing.
    #[arg(long)]
    #[serde(default)]
    pub accept_removed: bool,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The folder that `kanak backup` made. `--data` names the folder to make; the backup of a hub on PostgreSQL also needs an
    /// empty database as `--hub`.
    pub dir: PathBuf,
    /// The folder `keys` of the deployment, which is kept apart from its backups.
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: String,
    /// Pages, API and work on the data folder, or its vault alone, for hubs that show a certificate.
    #[arg(long, default_value = "all", value_name = "ROLE")]
    pub role: ServeRole,
}

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ServeRole {
    /// Everything.
    All,
    /// The vault, as a service of its own.
    Vault,
}

/// Subcommands of `audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check a copy of the trail, without a hub: names the first entry of each chain that was changed or is missing, a
    /// chain that was cut short, a checkpoint that was forged.
    Verify {
        /// A file that `kanak audit export` wrote.
        file: PathBuf,
        /// The public key that signed its checkpoints: 64 hex digits, or a file with them. Several when it was changed over
        /// the years. `kanak audit key` prints it on the hub's machine; get it from the hub's owner, not with the file.
        #[arg(long = "key", required = true, value_name = "PUB")]
        keys: Vec<String>,
    },
    /// Those that work on a data folder.
    #[command(flatten)]
    OnData(AuditDataCommand),
}

/// The subcommands of `audit` that work on a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditDataCommand {
    /// Copy the trail to a file of JSON lines, checkpoints and entries, signed up to its end. It holds no values of people.
    Export {
        /// The file to write.
        file: PathBuf,
    },
    /// Show the public key that tells the signatures of checkpoints.
    Key,
    /// Whom a breach touches: golden records that an account or a key read or changed, or that a source states values of.
    /// Asking is itself recorded.
    Affected(AffectedArgs),
}

/// Options of `audit affected`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct AffectedArgs {
    /// What was breached.
    #[command(flatten)]
    pub breached: Breached,
    /// From this time, or the begin of this day in India, on [default: ever].
    #[arg(long, value_name = "T")]
    pub from: Option<String>,
    /// Until this time, or the end of this day in India [default: now].
    #[arg(long, value_name = "T")]
    pub to: Option<String>,
    /// Why: `operation` lists golden records, `statistics` counts people by district and names no one.
    #[arg(long, value_parser = ["operation", "statistics"])]
    pub purpose: String,
}

/// What was breached: one of these.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[group(required = true, multiple = false)]
pub struct Breached {
    /// A source system.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// A program's key, working or disabled.
    #[arg(long, value_name = "NAME")]
    pub key: Option<String>,
    /// A person's account, working or disabled.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}

/// Subcommands of `user`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserCommand {
    /// Add a person and print the password once.
    Add {
        /// The name to sign in with.
        name: String,
        /// administrator, steward, supervisor, department, analyst or auditor; several allowed.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// Confine the person to these districts (LGD codes or names).
        #[arg(long = "district")]
        districts: Vec<String>,
    },
    /// Give a person a new password and print it once.
    Reset {
        /// The name.
        name: String,
    },
    /// Stop a person from signing in.
    Disable {
        /// The name.
        name: String,
    },
    /// Say whose a person is: a department's own agree to share its registers, and read them.
    Department {
        /// The name.
        name: String,
        /// The department's code, as sources declare it; left out: nobody's in particular.
        code: Option<String>,
    },
}

/// Subcommands of `metric`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricCommand {
    /// Every figure that is defined.
    List,
    /// One figure's whole definition.
    Show {
        /// Its name.
        name: String,
    },
    /// Figures of one or more metrics, each with its numerator and denominator.
    Query(MetricQueryArgs),
}

/// Options of `metric query`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct MetricQueryArgs {
    /// Metrics.
    #[arg(long = "measure", required = true, value_delimiter = ',', value_name = "METRIC")]
    pub measures: Vec<String>,
    /// Dimensions; a row for each combination of their values.
    #[arg(long, value_delimiter = ',', value_name = "DIMENSION")]
    pub by: Vec<String>,
    /// Only these values of a dimension, or of `time` these days (`time=2026-04-01..2026-06-30`) or this period (`time=2026-27`).
    #[arg(long = "where", value_name = "DIMENSION=VALUE[,VALUE]")]
    pub filters: Vec<String>,
    /// A row for each month, quarter or financial_year.
    #[arg(long)]
    pub grain: Option<String>,
    /// What each period is set beside: previous_period or previous_year.
    #[arg(long)]
    pub compare: Option<String>,
    /// Measures, dimensions or the grain to order by; with `-` before it, the largest first.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    pub order: Vec<String>,
    /// At most so many rows.
    #[arg(long)]
    pub limit: Option<usize>,
    /// Why: `operation` tells the owner of the data folder small cells as well, and is audited.
    #[arg(long, default_value = "statistics", value_parser = ["statistics", "operation"])]
    pub purpose: String,
}

/// Subcommands of `key`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyCommand {
    /// Add a key and print it once.
    Add {
        /// What uses it.
        name: String,
        /// department, steward, analyst or auditor; several allowed.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// Confine the key to these districts (LGD codes or names).
        #[arg(long = "district")]
        districts: Vec<String>,
    },
    /// Give a key a new secret and print it once; the former opens nothing any more, what the key may do stays.
    Reset {
        /// Its name.
        name: String,
    },
    /// Stop a key.
    Disable {
        /// Its name.
        name: String,
    },
    /// Say whose a key is: it writes the registers of its department, and reads them with what agreements give it.
    Department {
        /// Its name.
        name: String,
        /// The department's code, as sources declare it; left out: nobody's in particular.
        code: Option<String>,
    },
}

/// Subcommands of `schedule`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleCommand {
    /// The schedules, and how the last run of each ended.
    List,
    /// The runs of a schedule, the latest first.
    History {
        /// Its name.
        name: String,
        /// At most this many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Carry a schedule out now, and print what it did.
    Run {
        /// Its name.
        name: String,
    },
    /// Make no more intervals of a schedule.
    Pause {
        /// Its name.
        name: String,
    },
    /// Let a paused schedule go on, and catch up on what it missed.
    Resume {
        /// Its name.
        name: String,
    },
}

/// Subcommands of `webhook`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookCommand {
    /// Add a subscriber and print its signing secret once.
    Add(WebhookAddArgs),
    /// The subscribers, how far each has been told, and what it did not take.
    List,
    /// Tell a subscriber nothing any more.
    Remove {
        /// Its name.
        name: String,
    },
    /// Let a paused subscriber go on where it stands.
    Resume {
        /// Its name.
        name: String,
    },
    /// Send a subscriber once more the events that it did not take.
    Redeliver {
        /// Its name.
        name: String,
    },
}

/// Options of `webhook add`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct WebhookAddArgs {
    /// What it is called.
    pub name: String,
    /// Where events are posted: an https URL.
    #[arg(long)]
    pub url: String,
    /// The key whose access decides which events it is told, and which values.
    #[arg(long)]
    pub key: String,
    /// Why the subscriber reads.
    #[arg(long, default_value = "statistics", value_parser = ["service_delivery", "stewardship", "statistics", "audit"])]
    pub purpose: String,
    /// Only events of this entity type; several allowed [default: all].
    #[arg(long = "entity", value_name = "ENTITY")]
    pub entities: Vec<String>,
    /// Send the values before and after, as far as the key's access shows them.
    #[arg(long)]
    pub values: bool,
    /// Begin after this position of the feed; 0 from the beginning [default: the feed's end].
    #[arg(long, value_name = "POSITION")]
    pub after: Option<i64>,
}

/// Options of `erase`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct EraseArgs {
    /// The entity type.
    #[arg(long)]
    pub entity: String,
    /// The golden id (K-000001-1).
    #[arg(long, value_name = "ID")]
    pub golden: String,
    /// Under which order: kept for ever, so name no person in it.
    #[arg(long, value_name = "TEXT")]
    pub order: String,
}

/// Subcommands of `hold`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldCommand {
    /// Place a hold on a golden record and print its number.
    Add {
        /// The golden id (K-000001-1).
        #[arg(long, value_name = "ID")]
        golden: String,
        /// Whose hold it is, such as a court.
        #[arg(long)]
        authority: String,
        /// Why, such as the case.
        #[arg(long)]
        reason: String,
    },
    /// Remove a hold.
    Remove {
        /// Its number.
        hold: i64,
    },
    /// The holds that stand.
    List,
}

/// Subcommands of `pack`.
#[derive(Debug, Subcommand)]
pub enum PackCommand {
    /// What works on a data folder.
    #[command(flatten)]
    OnData(PackDataCommand),
    /// Check a pack, anywhere: every byte of it is as the key signed it.
    Verify {
        /// What `kanak pack make` wrote.
        file: PathBuf,
        /// The public key, as `kanak audit key` prints it.
        #[arg(long, value_name = "PUBLIC")]
        key: String,
    },
}

/// The subcommands of `pack` that work on a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackDataCommand {
    /// Answer the questions of a pack as of the end of a day, sign it, keep it, and print its id. One that is kept of that day is made
    /// again from what it was made of.
    Make {
        /// The pack: `legislature`, or one of the folder `packs` beside kanak.toml.
        name: String,
        /// A day that is over (2026-03-31).
        #[arg(long, value_name = "DAY")]
        as_of: String,
        /// Also write it into this folder.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Answer by what is known now, though one of that day is kept.
        #[arg(long)]
        #[serde(default)]
        anew: bool,
    },
    /// Make a kept pack again from what it was made of, and see that it is the same to the byte.
    Again {
        /// Its id.
        id: String,
        /// Also write it into this folder.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// The packs that are kept.
    List,
}

/// Subcommands of `appraise`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppraiseCommand {
    /// Copy the inputs of a period that is over out of the lake, with the report that they come to, and print the id.
    Freeze {
        /// A financial year (2025-26).
        #[arg(long)]
        period: String,
        /// Only the sheets of this cadre; what is expected is of all offices either way.
        #[arg(long)]
        #[serde(default)]
        cadre: Option<String>,
    },
    /// The appraisals that are frozen.
    List,
    /// Reckon a frozen appraisal again from its inputs: the same bytes, whenever.
    Report(AppraiseReportArgs),
    /// Object to a case on an officer's sheet.
    Contest {
        /// The appraisal.
        id: String,
        /// The case, as the sheet names it.
        case: String,
        /// The officer's golden key (K-000001-1).
        #[arg(long, value_name = "KEY")]
        officer: String,
        /// Who enters it.
        #[arg(long, value_name = "USER")]
        by: String,
        /// Why, in words.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Decide on an objection; the officer's sheet before and after is kept.
    Decide {
        /// The appraisal.
        id: String,
        /// The objection's number.
        objection: u64,
        /// Which way.
        #[arg(value_parser = ["accepted", "rejected"])]
        verdict: String,
        /// Who decides: somebody else than who entered it.
        #[arg(long, value_name = "USER")]
        by: String,
        /// Why, in words.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// All objections to cases of an appraisal, and where each stands.
    Contests {
        /// The appraisal.
        id: String,
    },
}

/// Options of `appraise report`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct AppraiseReportArgs {
    /// The appraisal.
    pub id: String,
    /// One officer by golden key, with every case.
    #[arg(long, value_name = "KEY")]
    pub officer: Option<String>,
    /// With the objections that were accepted since.
    #[arg(long)]
    pub corrected: bool,
    /// Write it to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the officer's sheet to this file as a typst document, for `typst compile` to make the PDF of.
    #[arg(long, value_name = "FILE", requires = "officer", conflicts_with = "out")]
    pub typst: Option<PathBuf>,
    /// The language of that document.
    #[arg(long, default_value = "en", value_parser = ["en", "pa", "hi"])]
    pub language: String,
}

/// Subcommands of `agreement`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementCommand {
    /// Propose an agreement and print its number. It has no force before another person of the owner approves it.
    Add(AgreementAddArgs),
    /// All agreements there ever were, and where each stands.
    List,
    /// Approve an agreement that another person of the owner proposed.
    Approve {
        /// Its number.
        agreement: i64,
        /// Who approves: a user of the department that owns the register.
        #[arg(long, value_name = "USER")]
        by: String,
    },
    /// End an agreement: it has no force from now on.
    End {
        /// Its number.
        agreement: i64,
        /// Who ends it: a user of the department that owns the register.
        #[arg(long, value_name = "USER")]
        by: String,
    },
}

/// Options of `agreement add`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct AgreementAddArgs {
    /// The register, a source.
    #[arg(long, value_name = "SOURCE")]
    pub register: String,
    /// Its source records may stand in one golden record with those of this register.
    #[arg(long, value_name = "SOURCE", required_unless_present = "read_by", conflicts_with = "read_by")]
    pub linked_with: Option<String>,
    /// Keys and users of this department may read what it states.
    #[arg(long, value_name = "CODE")]
    pub read_by: Option<String>,
    /// For what: `stewardship`, which links need, `service_delivery`, `statistics` or `audit`; several allowed.
    #[arg(long = "purpose", required = true)]
    pub purposes: Vec<String>,
    /// Which attributes: `all`, names, `class:personal` ...; several allowed.
    #[arg(long = "covers", default_value = "all")]
    pub covers: Vec<String>,
    /// Since when: a day (2026-04-01, from its beginning in India) or a time [default: now].
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Until when: a day, to its end, or a time [default: until it is ended].
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// The paper that says so.
    #[arg(long)]
    pub reference: String,
    /// Who proposes: a user of the department that owns the register.
    #[arg(long, value_name = "USER")]
    pub by: String,
}

/// Subcommands of `consent`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentCommand {
    /// Record a consent and print the number of its receipt.
    Record(ConsentRecordArgs),
    /// Record that a consent was withdrawn: from now on it does not stand.
    Withdraw {
        /// The number of the receipt.
        consent: i64,
    },
    /// Receipts, and where each stands.
    List {
        /// Of this golden record only.
        #[arg(long, value_name = "ID")]
        golden: Option<String>,
    },
}

/// Options of `consent record`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct ConsentRecordArgs {
    /// The register that knows the citizen.
    #[arg(long)]
    pub source: String,
    /// Under which key.
    #[arg(long)]
    pub key: String,
    /// For what.
    #[arg(long, default_value = "service_delivery")]
    pub purpose: String,
    /// Which attributes: `all`, names, `class:personal` ...; several allowed.
    #[arg(long = "covers", default_value = "all")]
    pub covers: Vec<String>,
    /// How it was given, such as a form and its number.
    #[arg(long)]
    pub how: String,
    /// When: a day (from its beginning in India) or a time [default: now].
    #[arg(long, value_name = "DAY")]
    pub given: Option<String>,
    /// Until when: a day, to its end, or a time [default: until it is withdrawn].
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
}

/// Subcommands of `vault`.
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Move the keys between files and the PKCS#11 token of kanak.toml: the keys without versions are taken over, the data keys are
    /// wrapped anew; no number is opened. Afterwards name the new store under [keys].
    MoveKeys {
        /// Where they go.
        #[arg(long, value_name = "STORE")]
        to: KeyStoreWord,
    },
    /// Certificates for a vault that is a service of its own: an authority, the vault's, the hub's. All of them, anew.
    Certificates {
        /// The folder to make.
        dir: PathBuf,
        /// A host name or address under which the hub finds the vault; several are allowed.
        #[arg(long = "name", value_name = "HOST", default_values = ["localhost", "127.0.0.1"])]
        names: Vec<String>,
        /// For how many days they hold.
        #[arg(long, default_value_t = 366, value_parser = clap::value_parser!(u32).range(1..=3_660))]
        days: u32,
    },
    /// Copy the vault's file while it is in use: on the vault's own machine, after the hub's backup. It needs no keys.
    Backup {
        /// The file to make.
        file: PathBuf,
    },
    /// Those that work on a data folder.
    #[command(flatten)]
    OnData(VaultDataCommand),
}

/// A kind of key store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KeyStoreWord {
    /// Files under the data folder's `keys`.
    File,
    /// The token of kanak.toml.
    Pkcs11,
}

/// The subcommands of `vault` that work on a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultDataCommand {
    /// How many numbers it holds, where its keys are, and which wrap what.
    Status,
    /// Wrap the data keys under a new version of the key store's key; no number is opened.
    Rotate {
        /// Seal the numbers themselves anew under new data keys, in batches, while numbers come in; cut off, it goes on when it is
        /// asked for again.
        #[arg(long)]
        numbers: bool,
    },
    /// Take out references, and numbers, that a broken run left and nobody uses.
    Sweep,
}

/// Options of `synth`.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Citizen source records. Business source records are 0.12 of it, employees 0.05, applications 0.5,
    /// grievances 0.1, receipts 0.4, benefit payments 0.6. Schemes, public bodies, assets and policy rules are a few
    /// hundred in all, whatever it is.
    #[arg(long, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pub records: u64,
    /// Where the extracts go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The seed: the same one makes the same state.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Also write the citizen source records as one flat CSV, for other matchers.
    #[arg(long)]
    pub flat: bool,
}

/// Subcommands of `bench`.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Rows written one by one, durable and resolved; reads by id and by crosswalk, with access and audit.
    Hub(BenchHubArgs),
    /// Codes looked up, judged and searched, in process and over HTTP beside a handler that returns a constant.
    Codes(BenchCodesArgs),
    /// The clients of `bench codes`, which starts them: asks a server for the paths on standard input, and prints one JSON line.
    #[command(hide = true)]
    CodesClients(BenchCodesClientsArgs),
    /// Made-up events loaded and built; 500 questions of dashboards, 20 statements that nobody foresaw (a peer's beside them), and a batch of
    /// changed golden records until a query sees it.
    Warehouse(BenchWarehouseArgs),
}

/// Options of `bench warehouse`.
#[derive(Debug, Args)]
#[command(after_long_help = BENCH_WAREHOUSE_LINES)]
pub struct BenchWarehouseArgs {
    /// Service applications, for each size one; a quarter as many grievances come with them.
    #[arg(long, value_delimiter = ',', default_value = "1000000", value_parser = clap::value_parser!(u64).range(1_000..=1_000_000_000))]
    pub rows: Vec<u64>,
    /// Golden records of citizens.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pub golden: u64,
    /// Questions of dashboards.
    #[arg(long, default_value_t = 500)]
    pub questions: usize,
    /// Changes of golden records in the batch, a tenth of them merged away.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub changes: u64,
    /// The same seed makes the same events and asks the same questions.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the lake is kept meanwhile [default: among temporary files].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// A Python with DuckDB, and `tests/bench/peers/warehouse.py`: it runs the same statements on the same files, and the answers must be equal.
    #[arg(long, num_args = 2, value_names = ["PYTHON", "SCRIPT"])]
    pub peer: Vec<PathBuf>,
}

/// What `bench warehouse` prints.
const BENCH_WAREHOUSE_LINES: &str = "\
Prints one JSON line a figure: bench, case, rows (service applications), load (of the machine), and by case
  load_events          events, seconds, per_second, peak_mib: the warehouse's own time, a run of 250,000 events in memory
  load_golden_records  golden, seconds, peak_mib: dimensions and crosswalks, all in memory
  build                seconds, tables, bytes, peak_mib
  metric               questions, rows_answered, truncated, p50_ms, p95_ms, p99_ms; from_marts and from_facts_and_dimensions count them by the table that answers
  statement            statement, ms (the middle of three runs), rows_answered; with a peer peer_ms and of_peer (ms / peer_ms)
  statements           geometric_mean_ms, worst_ms; with a peer peer_geometric_mean_ms, of_peer, worst_of_peer
  changes              golden, changes, merges, visible_seconds and its parts, fact_files_rewritten, facts_rewritten
  metric_slope         from_rows, p95_ratio: p95 of this size by that of the first";

/// Options of `bench codes`.
#[derive(Debug, Args)]
pub struct BenchCodesArgs {
    /// Connections that ask at once over HTTP, each its next question when the last is answered.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub clients: u16,
    /// Seconds of each round over HTTP.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Rounds of each kind over HTTP, one of each in turn; figures are their medians.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub rounds: u64,
    /// Where the served data folder is kept meanwhile [default: among temporary files].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Options of `bench codes-clients`.
#[derive(Debug, Args)]
pub struct BenchCodesClientsArgs {
    /// Where the server listens.
    #[arg(long)]
    pub address: SocketAddr,
    /// Connections that ask at once, each its next question when the last is answered.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub clients: u16,
    /// How long they ask.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// A file that is posted to each path as NDJSON; without one, paths are read.
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
}

/// Options of `bench hub`.
#[derive(Debug, Args)]
pub struct BenchHubArgs {
    /// Citizen source records of the made-up state.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pub records: u64,
    /// Rows that are written: a third new, a third changed, a third as they are.
    #[arg(long, default_value_t = 20_000)]
    pub writes: usize,
    /// How many write at once.
    #[arg(long, default_value_t = 32)]
    pub clients: usize,
    /// Golden records that are read, by id and again by crosswalk.
    #[arg(long, default_value_t = 100_000)]
    pub reads: usize,
    /// How many read at once.
    #[arg(long, default_value_t = 256)]
    pub readers: usize,
    /// Where the made-up state is kept meanwhile [default: among temporary files].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn every_role_is_named_where_a_person_is_added() {
        use clap::CommandFactory as _;
        let mut command = Cli::command();
        let add = command.find_subcommand_mut("user").and_then(|user| user.find_subcommand_mut("add")).unwrap();
        let help = add.render_long_help().to_string();
        for role in kanak_model::Role::ALL {
            assert!(help.contains(role.word()), "{}: {help}", role.word());
        }
    }

    #[test]
    fn numbers_are_rotated_in_the_data_folder_that_is_named() {
        let read = |words: &[&str]| {
            let cli = Cli::parse_from(words);
            let Command::Vault(VaultCommand::OnData(what)) = cli.command else { panic!("it is of the vault") };
            (what, cli.global.data)
        };
        let folder = std::path::PathBuf::from("somewhere");
        let rotate = |numbers| VaultDataCommand::Rotate { numbers };
        assert_eq!(
            read(&["kanak", "vault", "rotate", "--numbers", "--data", "somewhere"]),
            (rotate(true), folder.clone())
        );
        assert_eq!(read(&["kanak", "--data", "somewhere", "vault", "rotate"]), (rotate(false), folder));
    }

    #[test]
    fn a_list_of_codes_is_proposed_by_somebody_or_only_looked_at() {
        let import = ["kanak", "codes", "import", "posts.csv", "--system", "designation"];
        assert!(Cli::try_parse_from(import).is_err(), "nobody proposes it");
        let read = |more: &[&str]| {
            let cli = Cli::parse_from([&import[..], more].concat());
            let Command::Codes(AnyCodesCommand::OnData(command)) = cli.command else {
                panic!("it is of the data folder")
            };
            let DataCommand::Codes(CodesDataCommand::Import(args)) =
                DataCommand::Codes(command).with_absolute_paths().unwrap()
            else {
                panic!("it stays an import")
            };
            args
        };
        let looked_at = read(&["--dry-run", "--version", "2026-12"]);
        assert!(looked_at.file.is_absolute() && looked_at.dry_run, "{looked_at:?}");
        assert_eq!(looked_at.version.as_deref(), Some("2026-12"));
        assert_eq!(read(&["--by", "asha"]).by.as_deref(), Some("asha"));
        let publish = Cli::parse_from(["kanak", "codes", "publish", "designation", "2026-12", "--by", "bina"]);
        let Command::Codes(AnyCodesCommand::OnData(CodesDataCommand::Publish { version, .. })) = publish.command else {
            panic!("it is published")
        };
        assert_eq!(version, "2026-12");
    }

    #[test]
    fn a_command_for_another_process_names_its_files_by_absolute_paths_and_its_sources_by_name() {
        let cli = Cli::parse_from(["kanak", "ingest", "src/cli.rs", "food_civil_supplies", "--inbox", "in"]);
        let Command::OnData(command) = cli.command else { panic!("ingest works on a data folder") };
        let DataCommand::Ingest(args) = command.with_absolute_paths().unwrap() else { panic!("it stays an ingest") };
        let here = std::env::current_dir().unwrap();
        assert_eq!(args.what, [here.join("src/cli.rs").display().to_string(), "food_civil_supplies".to_owned()]);
        assert_eq!(args.inbox, Some(here.join("in")));
    }
}
