//! The sources that come with Kanak. A deployment's folder may replace any of them by name.

/// `(file name, text)` of the sources.
pub const SOURCES: [(&str, &str); 29] = [
    ("asset_register.toml", include_str!("../sources/asset_register.toml")),
    ("benefit_payments.toml", include_str!("../sources/benefit_payments.toml")),
    ("civil_births.toml", include_str!("../sources/civil_births.toml")),
    ("civil_deaths.toml", include_str!("../sources/civil_deaths.toml")),
    ("civil_marriages.toml", include_str!("../sources/civil_marriages.toml")),
    ("company_register.toml", include_str!("../sources/company_register.toml")),
    ("department_rules.toml", include_str!("../sources/department_rules.toml")),
    ("department_schemes.toml", include_str!("../sources/department_schemes.toml")),
    ("education.toml", include_str!("../sources/education.toml")),
    ("election.toml", include_str!("../sources/election.toml")),
    ("finance_schemes.toml", include_str!("../sources/finance_schemes.toml")),
    ("food_civil_supplies.toml", include_str!("../sources/food_civil_supplies.toml")),
    ("grievances.toml", include_str!("../sources/grievances.toml")),
    ("gst.toml", include_str!("../sources/gst.toml")),
    ("health.toml", include_str!("../sources/health.toml")),
    ("hrms.toml", include_str!("../sources/hrms.toml")),
    ("land_revenue.toml", include_str!("../sources/land_revenue.toml")),
    ("policy_gazette.toml", include_str!("../sources/policy_gazette.toml")),
    ("public_undertakings.toml", include_str!("../sources/public_undertakings.toml")),
    ("receipts.toml", include_str!("../sources/receipts.toml")),
    ("scheme_targets.toml", include_str!("../sources/scheme_targets.toml")),
    ("service_applications.toml", include_str!("../sources/service_applications.toml")),
    ("shops.toml", include_str!("../sources/shops.toml")),
    ("social_security.toml", include_str!("../sources/social_security.toml")),
    ("trade_licence.toml", include_str!("../sources/trade_licence.toml")),
    ("transport.toml", include_str!("../sources/transport.toml")),
    ("treasury_payroll.toml", include_str!("../sources/treasury_payroll.toml")),
    ("udyam.toml", include_str!("../sources/udyam.toml")),
    ("works_inventory.toml", include_str!("../sources/works_inventory.toml")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_file_in_the_folder_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/sources");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        let embedded: BTreeSet<String> = super::SOURCES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(embedded, files);
    }
}
