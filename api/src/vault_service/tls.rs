//! Both sides' certificates: who may connect, and whom one connects to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::VaultSettings;
use crate::keys::read_private;

/// One side's certificate with its key, and the authority that the other side's must be of.
struct Papers {
    authority: RootCertStore,
    certificate: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Papers {
    fn read(settings: &VaultSettings) -> anyhow::Result<Self> {
        let named = |path: &Option<PathBuf>, word: &str| {
            path.clone().with_context(|| {
                format!("vault.{word} is missing in kanak.toml; `kanak vault certificates DIR` makes what it names")
            })
        };
        let mut authority = RootCertStore::empty();
        let path = named(&settings.authority, "authority")?;
        for certificate in read_certificates(&path)? {
            authority.add(certificate).with_context(|| format!("{} holds no authority", path.display()))?;
        }
        let certificate = read_certificates(&named(&settings.certificate, "certificate")?)?;
        let path = named(&settings.key, "key")?;
        let key = PrivateKeyDer::from_pem_slice(read_private(&path)?.as_bytes())
            .with_context(|| format!("{} holds no private key in PEM", path.display()))?;
        Ok(Self { authority, certificate, key })
    }
}

fn read_certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<_, _>>)
        .with_context(|| format!("cannot read certificates in PEM from {shown}"))?;
    anyhow::ensure!(!certificates.is_empty(), "{shown} holds no certificate in PEM");
    Ok(certificates)
}

/// Takes connections of clients that show a certificate of the authority, and of no others.
///
/// # Errors
/// When a file is missing, cannot be read, or does not fit the others.
pub fn acceptor(settings: &VaultSettings) -> anyhow::Result<TlsAcceptor> {
    let Papers { authority, certificate, key } = Papers::read(settings)?;
    let provider = Arc::new(crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(authority), Arc::clone(&provider))
        .build()
        .context("vault.authority does not do for clients")?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .context("cannot set up TLS")?
        .with_client_cert_verifier(clients)
        .with_single_cert(certificate, key)
        .context("vault.certificate and vault.key do not fit each other")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Connects to a vault whose certificate is of the authority and bears the name that it is looked for under.
///
/// # Errors
/// As [`acceptor`].
pub fn connector(settings: &VaultSettings) -> anyhow::Result<TlsConnector> {
    let Papers { authority, certificate, key } = Papers::read(settings)?;
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .context("cannot set up TLS")?
        .with_root_certificates(authority)
        .with_client_auth_cert(certificate, key)
        .context("vault.certificate and vault.key do not fit each other")?;
    Ok(TlsConnector::from(Arc::new(config)))
}
