//! Where a message may go. A URL is somebody else's word: it must not make the server speak to the network behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context as _, bail, ensure};
use url::{Host, Url};

use crate::config::WebhookSettings;

/// A URL that messages may be posted to, as far as its words tell; its addresses are judged at each connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is not `https` (or `http` to this machine, where the settings allow it), or holds a user name or a fragment.
    pub fn parse(text: &str, settings: WebhookSettings) -> anyhow::Result<Self> {
        let url = Url::parse(text).with_context(|| format!("`{text}` is no URL; write one like https://host/path"))?;
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => bail!("`{text}` names no host"),
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback && settings.loopback => {}
            "http" if is_loopback => bail!(
                "messages go over `https`; for a receiver on this machine set `loopback = true` under [webhooks] in kanak.toml"
            ),
            other => bail!("messages go over `https`, not `{other}`"),
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        ensure!(!has_user, "a webhook's URL holds no user name and no password: messages are signed instead");
        ensure!(url.fragment().is_none(), "a webhook's URL has no `#` part");
        Ok(Self { url })
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether messages go over TLS.
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host's addresses, each of which may be spoken to. The caller connects to one of these and to no other, so that
    /// a name cannot change its meaning in between.
    ///
    /// # Errors
    /// When the name has no address, or one that may not be spoken to.
    pub async fn addresses(&self, settings: WebhookSettings) -> anyhow::Result<Vec<std::net::SocketAddr>> {
        let port = self.url.port_or_known_default().context("the URL has no port")?;
        let found: Vec<std::net::SocketAddr> = match self.url.host().context("the URL names no host")? {
            Host::Ipv4(address) => vec![(address, port).into()],
            Host::Ipv6(address) => vec![(address, port).into()],
            Host::Domain(name) => {
                tokio::net::lookup_host((name, port)).await.context("its host has no address")?.collect()
            }
        };
        ensure!(!found.is_empty(), "its host has no address");
        for address in &found {
            let place = place_of(address.ip());
            let is_allowed = match place {
                Place::Public => self.is_tls(),
                Place::Private => self.is_tls() && settings.private_addresses,
                Place::Loopback => settings.loopback,
                Place::Never => false,
            };
            ensure!(
                is_allowed,
                "its host has an address ({}) that webhooks may not speak to; see [webhooks] in kanak.toml",
                place.word()
            );
        }
        Ok(found)
    }
}

/// Where an address lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On the internet.
    Public,
    /// In somebody's own network.
    Private,
    /// On this machine.
    Loopback,
    /// Where no receiver is: addresses of the link (metadata of clouds among them), of many, of none, of examples.
    Never,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::Never => "reserved",
        }
    }
}

fn place_of(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_of_v4(address),
        IpAddr::V6(address) => place_of_v6(address),
    }
}

/// Source: the IANA IPv4 special-purpose address registry (RFC 6890 and its updates).
fn place_of_v4(address: Ipv4Addr) -> Place {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, ..) => Place::Loopback,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Place::Private,
        (0, ..) | (169, 254, _) | (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) => Place::Never,
        (203, 0, 113) | (224..=255, ..) => Place::Never,
        _ => Place::Public,
    }
}

/// Source: the IANA IPv6 special-purpose address registry. What stands for an IPv4 address is judged as that one.
fn place_of_v6(address: Ipv6Addr) -> Place {
    if address.is_loopback() {
        return Place::Loopback;
    }
    if let Some(mapped) = address.to_ipv4_mapped() {
        return place_of_v4(mapped);
    }
    let s = address.segments();
    let last_four = Ipv4Addr::from((u32::from(s[6]) << 16) | u32::from(s[7]));
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => place_of_v4(last_four),
        [0xfc00..=0xfdff, ..] => Place::Private,
        [0x2001, 0x0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => Place::Never,
        // Global unicast; everything else is of the link, of many, or not given out.
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: WebhookSettings = WebhookSettings { private_addresses: false, loopback: true };
    const INSIDE: WebhookSettings = WebhookSettings { private_addresses: true, loopback: false };
    const CAREFUL: WebhookSettings = WebhookSettings { private_addresses: false, loopback: false };

    #[test]
    fn a_url_is_https_without_a_user_or_http_to_this_machine_where_that_is_allowed() {
        let check = |text: &str, settings: WebhookSettings, is_good: bool| {
            assert_eq!(Target::parse(text, settings).is_ok(), is_good, "{text}");
        };
        check("https://welfare.example/hook?a=1", CAREFUL, true);
        check("http://127.0.0.1:9/x", HERE, true);
        check("http://localhost/x", HERE, true);
        for bad in [
            "http://127.0.0.1:9/x",
            "http://welfare.example/",
            "ftp://welfare.example/",
            "file:///etc/passwd",
            "https://user@welfare.example/",
            "https://:password@welfare.example/",
            "https://welfare.example/#a",
            "welfare.example",
            "",
        ] {
            check(bad, CAREFUL, false);
        }
        check("http://localhost.example/x", HERE, false);
        check("http://10.0.0.1/x", INSIDE, false);
    }

    #[test]
    fn addresses_lie_where_the_registries_say() {
        let check = |text: &str, place: Place| assert_eq!(place_of(text.parse().unwrap()), place, "{text}");
        for public in ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"] {
            check(public, Place::Public);
        }
        for private in ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd00::1"] {
            check(private, Place::Private);
        }
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            check(loopback, Place::Loopback);
        }
        for private in ["::ffff:10.0.0.1", "64:ff9b::a00:1"] {
            check(private, Place::Private);
        }
        for never in [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "203.0.113.9",
            "::",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "::ffff:169.254.169.254",
            "::7f00:1",
        ] {
            check(never, Place::Never);
        }
    }

    #[tokio::test]
    async fn an_address_is_judged_however_it_is_spelled_and_the_link_is_never_spoken_to() {
        let check = async |text: &str, settings: WebhookSettings, is_good: bool| {
            let target = Target::parse(text, settings).unwrap();
            assert_eq!(target.addresses(settings).await.is_ok(), is_good, "{text}");
        };
        for inside in ["https://10.0.0.1/", "https://0xa000001/", "https://167772161/", "https://[::ffff:10.0.0.1]/"] {
            check(inside, CAREFUL, false).await;
            check(inside, INSIDE, true).await;
        }
        check("https://localhost/", INSIDE, false).await;
        check("https://localhost/", HERE, true).await;
        check("https://169.254.169.254/", INSIDE, false).await;
        check("https://8.8.8.8/", CAREFUL, true).await;
    }
}
