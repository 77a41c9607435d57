//! What the sources of several files are called, where no column says it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// A name for each file: its own up to the first dot; where several files share that, their whole names, or so many of their
/// folders as tell them apart: `2025/people` and `2026/people`.
///
/// # Errors
/// When a file is given twice.
pub(super) fn source_names(files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let stems: Vec<String> = files.iter().map(|file| stem(file)).collect();
    let mut names = stems.clone();
    for (at, stem) in stems.iter().enumerate() {
        let alike: Vec<usize> = (0..files.len()).filter(|other| stems[*other] == *stem).collect();
        // The first of its like names them all.
        if alike.len() > 1 && alike[0] == at {
            let paths: Vec<&Path> = alike.iter().map(|at| files[*at].as_path()).collect();
            for (at, name) in alike.iter().zip(told_apart(&paths)?) {
                names[*at] = name;
            }
        }
    }
    Ok(names)
}

/// The shortest names by which files of one stem differ.
fn told_apart(files: &[&Path]) -> anyhow::Result<Vec<String>> {
    let whole_names: Vec<String> = files.iter().map(|file| file_name(file)).collect();
    let stems: Vec<String> = files.iter().map(|file| stem(file)).collect();
    let folders: Vec<Vec<String>> = files.iter().map(|file| folders(file)).collect();
    let depth_max = folders.iter().map(Vec::len).max().unwrap_or_default();
    let in_folders = |names: &[String], depth: usize| -> Vec<String> {
        let path = |(folders, name): (&Vec<String>, &String)| {
            let nearest = &folders[folders.len().saturating_sub(depth)..];
            nearest.iter().chain([name]).cloned().collect::<Vec<_>>().join("/")
        };
        folders.iter().zip(names).map(path).collect()
    };
    let by_folders = (1..=depth_max).map(|depth| in_folders(&stems, depth));
    let by_both = (1..=depth_max).map(|depth| in_folders(&whole_names, depth));
    let mut namings = std::iter::once(whole_names.clone()).chain(by_folders).chain(by_both);
    let is_telling = |names: &Vec<String>| names.iter().collect::<HashSet<_>>().len() == names.len();
    match namings.find(is_telling) {
        Some(names) => Ok(names),
        None => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            bail!("--input names one file twice, of {}; name each file once", files.join(", "))
        }
    }
}

fn stem(file: &Path) -> String {
    let name = file_name(file);
    name.split('.').next().unwrap_or_default().to_owned()
}

fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The folders that a file stands in, from the outermost.
fn folders(file: &Path) -> Vec<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // One that cannot be told is named as it was given; reading the file says what is wrong.
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    folder.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).filter(|part| part != "/").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[&str], expected: &[&str]) {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        assert_eq!(source_names(&files).unwrap(), expected);
    }

    #[test]
    fn files_are_named_by_as_little_as_tells_them_apart() {
        check(&["/no/such/food.csv", "/no/such/roll.csv.gz"], &["food", "roll"]);
        check(&["/no/such/2025/people.csv", "/no/such/2026/people.csv"], &["2025/people", "2026/people"]);
        check(&["/no/a/x/people.csv", "/no/b/x/people.csv", "roll.csv"], &["a/x/people", "b/x/people", "roll"]);
        check(&["/no/people.csv", "/no/people.xlsx"], &["people.csv", "people.xlsx"]);
        let three = ["/no/a/p.csv", "/no/b/p.csv", "/no/b/p.csv.gz"];
        check(&three, &["a/p.csv", "b/p.csv", "b/p.csv.gz"]);
    }

    #[test]
    fn a_file_given_twice_is_refused_however_its_path_is_written() {
        let files = ["people.csv", "./people.csv"].map(PathBuf::from);
        let refused = source_names(&files).unwrap_err().to_string();
        assert!(refused.contains("./people.csv") && refused.contains("twice"), "{refused}");
    }
}
