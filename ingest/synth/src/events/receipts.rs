//! Receipts of the treasury, by revenue head, office and district; tax with its payer.

use kanak_codes::Codes;

use super::days::draw_time;
use super::offices::Offices;
use crate::chance::{Chance, Weighted};
use crate::error::SynthError;
use crate::extract::{Extract, Folder};
use crate::layout::{Layout, text};
use crate::people::World;
use crate::row::Row;

/// Writes receipts.
pub(crate) struct Receipts {
    extract: Extract,
    heads: Weighted<Head>,
    row: Row,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    code: &'static str,
    /// Short name of the office; empty where none collects it.
    office: &'static str,
    /// Rupees of the middle receipt.
    median_rupees: f64,
}

/// (Head, share of receipts).
const HEADS: [(Head, f64); 13] = [
    (head("0030", "REV", 9_500.0), 24.0),
    (head("0041", "TRN", 4_200.0), 18.0),
    (head("0039", "", 180_000.0), 4.0),
    (head("0040", "", 42_000.0), 5.0),
    (head("0043", "", 3_100.0), 8.0),
    (head("0029", "REV", 700.0), 9.0),
    (head("0055", "POL", 450.0), 6.0),
    (head("0070", "REV", 300.0), 8.0),
    (head("0210", "HLT", 250.0), 6.0),
    (head("0202", "EDU", 900.0), 4.0),
    (head("0217", "LOC", 2_600.0), 5.0),
    (head("0235", "SOC", 150.0), 1.0),
    (head("0408", "FCS", 800.0), 2.0),
];
/// State tax on goods and services, paid month by month by those who are registered.
const TAX: Head = head("0006", "", 21_000.0);

const COLUMNS: [&str; 8] =
    ["RECEIPT_NO", "MAJOR_HEAD", "DDO_OFFICE", "DISTRICT", "PAYER_GSTIN", "AMOUNT", "RECEIVED_ON", "MODE"];
const MODES: [&str; 8] = ["upi", "upi", "upi", "net_banking", "net_banking", "cash", "cash", "cheque"];

const fn head(code: &'static str, office: &'static str, median_rupees: f64) -> Head {
    Head { code, office, median_rupees }
}

impl Receipts {
    /// Begins the extract.
    pub(crate) fn begin(codes: &Codes, folder: &Folder) -> Result<Self, SynthError> {
        let layout = Layout::new("receipts", text('|'), &COLUMNS, &["RECEIPT_NO"])
            .with_event(&["MAJOR_HEAD"], Some("RECEIVED_ON"));
        let system = codes.get_system("revenue-head")?;
        if HEADS.iter().any(|(head, _)| system.lookup(head.code).is_none()) {
            return Err(SynthError::CodesLack { system: "revenue-head", what: "head that the treasury books to" });
        }
        Ok(Self { extract: folder.extract(layout)?, heads: Weighted::new(HEADS), row: Row::default() })
    }

    /// Writes one receipt; of tax where there is a payer. `room` is how many rows are wanted yet.
    #[expect(clippy::too_many_arguments, reason = "a receipt depends on all of these")]
    pub(crate) fn write(
        &mut self,
        payer: Option<&str>,
        place: usize,
        room: u64,
        world: &World,
        offices: &Offices,
        folder: &mut Folder,
        chance: &mut Chance,
    ) -> Result<(), SynthError> {
        let head = if payer.is_some() { TAX } else { *self.heads.draw(chance) };
        let office = if head.office.is_empty() { "" } else { &offices.find(head.office, place, world).code };
        let district = &world.places.districts[world.places.places[place].district];
        let received = draw_time(world.end, chance);
        let rupees = head.median_rupees * (1.6 * chance.around_zero()).exp();
        let row = &mut self.row;
        row.clear();
        row.put_fmt(format_args!("TR{}-{:010}", received.format("%y"), self.extract.rows() + 1));
        row.put(head.code);
        row.put(office);
        row.put(&district.name);
        row.put(payer.unwrap_or_default());
        row.put_fmt(format_args!("{rupees:.2}"));
        row.put_fmt(format_args!("{}", received.format("%d/%m/%Y %H:%M")));
        row.put(chance.pick(&MODES));
        self.extract.write(&self.row, room, folder).map(drop)
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.extract.rows()
    }

    /// Ends the extract.
    pub(crate) fn finish(self, folder: &mut Folder) -> Result<(), SynthError> {
        folder.finish(self.extract)
    }
}
