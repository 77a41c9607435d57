//! Certificates for a hub and its vault, of an authority that is made for the two alone and whose key is kept nowhere: when they
//! are near their end, all are made anew.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Datelike as _, Days, NaiveDate};
use kanak_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

use crate::output::write_private;

/// From when to when a certificate holds.
#[derive(Debug, Clone, Copy)]
pub struct Validity {
    /// The first day.
    pub from: NaiveDate,
    /// The day on which it does not hold any more.
    pub until: NaiveDate,
}

impl Validity {
    /// So many days from now on, and the day before, for clocks that go differently.
    pub fn days(now: Timestamp, days: u32) -> Self {
        let today = DateTime::from_timestamp_micros(now.0).unwrap_or_default().date_naive();
        let (day, days) = (Days::new(1), Days::new(u64::from(days)));
        Self {
            from: today.checked_sub_days(day).unwrap_or(today),
            until: today.checked_add_days(days).unwrap_or(today),
        }
    }
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Clients find it under its names.
    Vault,
    /// It asks the vault.
    Hub,
}

/// An authority that certifies while it lives.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, PEM.
    pub pem: String,
}

/// A certificate and its private key, PEM.
pub struct Certified {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

fn params(names: &[String], title: &str, validity: Validity) -> anyhow::Result<CertificateParams> {
    let day = |day: NaiveDate| date_time_ymd(day.year(), day.month() as u8, day.day() as u8);
    let mut params = CertificateParams::new(names.to_vec()).context("a name is no host name or address")?;
    params.distinguished_name.push(DnType::CommonName, title);
    (params.not_before, params.not_after) = (day(validity.from), day(validity.until));
    Ok(params)
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(validity: Validity) -> anyhow::Result<Self> {
        let mut params = params(&[], "Kanak vault authority", validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// Certifies one side under its names.
    ///
    /// # Errors
    /// When a name is neither a host name nor an address.
    pub fn certify(&self, side: Side, names: &[String], validity: Validity) -> anyhow::Result<Certified> {
        let (title, usage) = match side {
            Side::Vault => ("Kanak vault", ExtendedKeyUsagePurpose::ServerAuth),
            Side::Hub => ("Kanak hub", ExtendedKeyUsagePurpose::ClientAuth),
        };
        let mut params = params(names, title, validity)?;
        params.extended_key_usages = vec![usage];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Certified { certificate, key: key.serialize_pem() })
    }
}

/// Makes an authority, and certificates of both sides, in a folder.
///
/// # Errors
/// When the folder exists, or cannot be written.
pub fn make(folder: &Path, names: &[String], validity: Validity) -> anyhow::Result<()> {
    if folder.exists() {
        bail!("{} exists; name a new folder, for certificates that were given out are not replaced", folder.display());
    }
    let authority = Authority::new(validity)?;
    let vault = authority.certify(Side::Vault, names, validity)?;
    let hub = authority.certify(Side::Hub, &["hub".to_owned()], validity)?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    for (file, text) in [
        ("authority.pem", &authority.pem),
        ("vault.pem", &vault.certificate),
        ("vault.key", &vault.key),
        ("hub.pem", &hub.certificate),
        ("hub.key", &hub.key),
    ] {
        let path = folder.join(file);
        write_private(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
