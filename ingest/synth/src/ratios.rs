//! How many rows each kind of extract has, by the number of citizen source records.

/// Source records of businesses (GST, shops, Udyam, trade licences together) for each citizen source record.
pub const BUSINESS_PER_CITIZEN_RECORD: f64 = 0.12;
/// Source records of employees (HRMS and treasury payroll together) for each citizen source record.
pub const EMPLOYEE_PER_CITIZEN_RECORD: f64 = 0.05;
/// Service applications for each citizen source record.
pub const APPLICATIONS_PER_CITIZEN_RECORD: f64 = 0.5;
/// Grievances for each citizen source record.
pub const GRIEVANCES_PER_CITIZEN_RECORD: f64 = 0.1;
/// Receipts of the treasury for each citizen source record.
pub const RECEIPTS_PER_CITIZEN_RECORD: f64 = 0.4;
/// Benefit payments for each citizen source record.
pub const BENEFITS_PER_CITIZEN_RECORD: f64 = 0.6;
/// Years of events, up to the end date.
pub const EVENT_YEARS: i32 = 3;
/// Schemes in each of the two scheme registers, whatever the number of citizen source records.
pub const SCHEMES: u64 = 20;
/// Public bodies in each of their two registers, whatever the number of citizen source records.
pub const PUBLIC_BODIES: u64 = 40;
/// Assets in the asset register, whatever the number of citizen source records; public works lists four in five of them.
pub const ASSETS: u64 = 160;
/// Policy rules in each of their two lists, whatever the number of citizen source records.
pub const POLICY_RULES: u64 = 40;
/// Scheme targets, whatever the number of citizen source records: 20 schemes, 23 districts, three financial years.
pub const SCHEME_TARGETS: u64 = 20 * 23 * 3;

/// The number of rows that a ratio means for so many citizen source records.
pub fn rows(ratio: f64, citizen_records: u64) -> u64 {
    (ratio * citizen_records as f64).round() as u64
}
