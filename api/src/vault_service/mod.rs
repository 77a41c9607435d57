//! The vault as a service of its own: `kanak serve --role vault` on a machine that holds nothing else, and the hub's way to it.
//! Both show a certificate of one authority (TLS 1.3); a call and its answer are JSON ([`kanak_store::VaultCall`]).

pub mod certificates;
pub mod client;
pub mod house;
pub mod serve;
pub mod tls;

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

/// Where calls go.
const CALLS: &str = "/calls";

/// `[vault]` of kanak.toml: the vault, when it is a service of its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VaultSettings {
    /// Where the hub finds it: `https://` with a name or address that stands in its certificate. Left out on the vault's own machine,
    /// and where the vault is a file of the hub's data folder.
    pub at: Option<VaultAddress>,
    /// The certificate of the authority that both sides' certificates are of (PEM). Whoever has a certificate of it may ask the vault,
    /// so it should be an authority for this alone.
    pub authority: Option<PathBuf>,
    /// This side's certificate (PEM), with those between it and the authority.
    pub certificate: Option<PathBuf>,
    /// Its private key (PEM); only its owner may read the file.
    pub key: Option<PathBuf>,
}

/// Where a vault is found: `https://`, a host, perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct VaultAddress(Url);

impl VaultAddress {
    /// The host, as its certificate must name it.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.port().unwrap_or(443)
    }

    /// Host and port, as a request names them.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }
}

impl std::fmt::Display for VaultAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl TryFrom<String> for VaultAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_place = |url: &Url| {
            let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            url.scheme() == "https" && url.host_str().is_some() && bare && url.username().is_empty()
        };
        match Url::parse(&text) {
            Ok(url) if is_place(&url) => Ok(Self(url)),
            _ => Err(format!("`{text}` is not `https://` and a host, perhaps with a port")),
        }
    }
}

#[cfg(test)]
mod tests;
