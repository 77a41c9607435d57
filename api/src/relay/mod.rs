//! Commands handed to the server that owns the data folder: one connection on a local socket is one command.
//!
//! The asker sends one line of JSON, [`Asked`]; the server answers with lines of JSON, [`Answer`], as the command prints,
//! the last of which says how it ended. An asker that goes away stops its command: what was not committed did not happen.

mod answer;
mod ask;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::cli::DataCommand;
use crate::output::Printed;

pub use answer::{Listening, listen};
pub use ask::ask;

/// The longest path that every system takes for a socket, with room to spare.
const PATH_BYTES_MAX: usize = 100;

/// A command, the hub it was meant for, and how it shall print.
#[derive(PartialEq, Serialize, Deserialize)]
struct Asked {
    command: DataCommand,
    /// The hub that was named, by an absolute path; `None` for the data folder's own. May hold a password.
    hub: Option<String>,
    json: bool,
    quiet: bool,
}

/// One step of an answer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Printed(Printed),
    Done,
    Refused(String),
}

/// The socket of the server that owns a data folder, when one listens there. A socket of another user's is no socket.
pub fn find_socket(data: &Path) -> Option<PathBuf> {
    let socket = socket_path(data).ok()?;
    let owner = |path: &Path| std::fs::symlink_metadata(path).map(|about| about.uid());
    let is_ours = owner(&socket).ok()? == std::fs::metadata(data).ok()?.uid();
    (is_ours && std::os::unix::net::UnixStream::connect(&socket).is_ok()).then_some(socket)
}

/// Where the socket of a data folder stands: in it, or, when that path is too long for a socket, among temporary files.
fn socket_path(data: &Path) -> std::io::Result<PathBuf> {
    let data = std::fs::canonicalize(data)?;
    let within = data.join("kanak.sock");
    if within.as_os_str().len() <= PATH_BYTES_MAX {
        return Ok(within);
    }
    let digest = Sha256::digest(data.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(std::env::temp_dir().join(format!("kanak-{name}.sock")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_stands_in_the_data_folder_unless_its_path_is_too_long() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(socket_path(folder.path()).unwrap(), folder.path().canonicalize().unwrap().join("kanak.sock"));
        let deep = folder.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let socket = socket_path(&deep).unwrap();
        assert!(socket.as_os_str().len() <= PATH_BYTES_MAX, "{}", socket.display());
        assert_eq!(socket, socket_path(&deep).unwrap());
    }

    #[test]
    fn a_socket_that_nobody_listens_on_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find_socket(folder.path()), None);
        drop(std::os::unix::net::UnixListener::bind(folder.path().join("kanak.sock")).unwrap());
        assert!(folder.path().join("kanak.sock").exists());
        assert_eq!(find_socket(folder.path()), None);
    }

    #[test]
    fn a_question_and_its_answers_are_one_line_each_and_read_back_the_same() {
        let command = DataCommand::Sql { query: "select\n1".to_owned(), purpose: "statistics".to_owned(), rows_max: 5 };
        let asked = Asked { command, hub: Some("/d/hub.sqlite".to_owned()), json: true, quiet: false };
        let line = serde_json::to_string(&asked).unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert!(serde_json::from_str::<Asked>(&line).unwrap() == asked);
        for answer in [Answer::Printed(Printed::Out("a\nb".to_owned())), Answer::Done, Answer::Refused("no".to_owned())]
        {
            let line = serde_json::to_string(&answer).unwrap();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(serde_json::from_str::<Answer>(&line).unwrap(), answer);
        }
    }
}
