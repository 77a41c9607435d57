//! The sources that come with Kanak. A deployment's folder may replace any of them by name.

/// `(file name, text)` of the sources.
pub const SOURCES: [(&str, &str); 0] = [];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_file_in_the_folder_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/sources");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".toml"))
            .collect();
        let embedded: BTreeSet<String> = super::SOURCES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(embedded, files);
    }
}
