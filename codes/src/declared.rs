//! Reading what is declared in TOML: sidecars, value sets, concept maps.

use serde::de::DeserializeOwned;

use crate::error::CodesError;

/// A declaration longer than this is refused unread.
const BYTES_MAX: usize = 4 << 20;

/// Reads a declaration. `file` is how errors name it.
///
/// # Errors
/// [`CodesError::Sidecar`] with the line at fault.
pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, CodesError> {
    let fail = |line, problem| CodesError::Sidecar { file: file.to_owned(), line, problem };
    if text.len() > BYTES_MAX {
        return Err(fail(1, format!("{} bytes, and at most {BYTES_MAX} are read; list codes in a table", text.len())));
    }
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes()[..at].split(|&byte| byte == b'\n').count();
        fail(line, error.message().to_owned())
    })
}

/// Refuses a declaration that leaves one of its required keys empty.
pub(crate) fn require(file: &str, text: &str, required: &[(&str, &str)]) -> Result<(), CodesError> {
    let fail = |problem| CodesError::Sidecar { file: file.to_owned(), line: text.lines().count(), problem };
    match required.iter().find(|(_, value)| value.trim().is_empty()) {
        Some((key, _)) => Err(fail(format!("`{key}` is missing or empty; say it, or say `none stated`"))),
        None => Ok(()),
    }
}

/// Refuses a name or a version that could not stand in addresses and file names.
pub(crate) fn check_identity(file: &str, name: &str, version: &str) -> Result<(), CodesError> {
    if !is_name(name) {
        let problem = format!("`name` cannot be `{}`; {NAME_RULE}", name.escape_default());
        return Err(CodesError::Sidecar { file: file.to_owned(), line: 1, problem });
    }
    check_version(file, version)
}

/// Refuses a version that could not stand in addresses and file names.
pub(crate) fn check_version(file: &str, version: &str) -> Result<(), CodesError> {
    if is_version(version) {
        return Ok(());
    }
    let problem = format!("`version` cannot be `{}`; {VERSION_RULE}", version.escape_default());
    Err(CodesError::Sidecar { file: file.to_owned(), line: 1, problem })
}

/// Whether a text may be the name of a code system, a value set or a concept map: it stands in addresses and file names.
pub(crate) fn is_name(text: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(of_name) && !text.starts_with('-')
}

/// Whether a text may be a version: it stands in addresses and file names too.
pub(crate) fn is_version(text: &str) -> bool {
    let of_version = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(of_version) && !text.starts_with('.')
}

/// What a name and a version may be, for whoever wrote another.
pub(crate) const NAME_RULE: &str = "a name is small letters, digits and `-`, at most 64";
pub(crate) const VERSION_RULE: &str = "a version is letters, digits and `-._+`, at most 64";
