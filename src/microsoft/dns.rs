//! Questions to DNS, over a resolver that is well kept. Names that Microsoft or a name server gives are asked about here
//! and go nowhere else.

use crate::closure::observation::Why;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest time for one try of one question.
const TRY: Duration = Duration::from_secs(3);
/// Tries besides the first.
const AGAIN: usize = 1;
/// Records of one answer that are looked at; a domain has a handful.
const MOST_RECORDS: usize = 100;

/// A resolver. Nothing is kept from one question to the next: a change of DNS is seen as soon as its servers tell it.
pub struct Dns(Option<TokioResolver>);

impl Dns {
    /// The system's resolver (`/etc/resolv.conf`). Where its settings cannot be read, nothing can be.
    pub fn system() -> Self {
        let made = TokioResolver::builder_tokio().and_then(|mut builder| {
            bounds(builder.options_mut());
            builder.build()
        });
        Self(made.inspect_err(unset).ok())
    }

    /// One name server, over UDP and TCP.
    pub fn at(address: SocketAddr) -> Self {
        let mut ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
        for way in &mut ways {
            way.port = address.port();
        }
        let server = NameServerConfig::new(address.ip(), true, ways.into());
        let config = ResolverConfig::from_name_servers(vec![server]);
        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        bounds(builder.options_mut());
        Self(builder.build().inspect_err(unset).ok())
    }

    /// The hosts of a domain's MX records.
    pub(super) async fn mx(&self, domain: &str) -> Result<Vec<String>, Why> {
        self.ask(domain, RecordType::MX, |data| match data {
            RData::MX(found) => Some(found.exchange.to_ascii()),
            _ => None,
        })
        .await
    }

    /// What a name is an alias of.
    pub(super) async fn alias(&self, name: &str) -> Result<Option<String>, Why> {
        let found = self
            .ask(name, RecordType::CNAME, |data| match data {
                RData::CNAME(found) => Some(found.0.to_ascii()),
                _ => None,
            })
            .await?;
        Ok(found.into_iter().next())
    }

    /// The TXT records of a domain, the strings of each joined (RFC 7208, section 3.3).
    pub(super) async fn texts(&self, domain: &str) -> Result<Vec<String>, Why> {
        self.ask(domain, RecordType::TXT, |data| match data {
            RData::TXT(found) => Some(String::from_utf8_lossy(&found.txt_data.concat()).into()),
            _ => None,
        })
        .await
    }

    /// Only the answers "no such name" and "no such record" say that there is none.
    async fn ask(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<String>,
    ) -> Result<Vec<String>, Why> {
        let resolver = self.0.as_ref().ok_or(Why::Unavailable)?;
        let mut name = Name::from_ascii(name).map_err(|_| Why::Unsupported)?;
        // As it stands: nothing is looked for below the domains that the system searches.
        name.set_fqdn(true);
        match resolver.lookup(name, kind).await {
            Ok(found) if found.answers().len() > MOST_RECORDS => Err(Why::Malformed),
            Ok(found) => Ok(found
                .answers()
                .iter()
                .filter_map(|r| read(&r.data))
                .collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(NoRecords {
                response_code: ResponseCode::NXDomain | ResponseCode::NoError,
                ..
            }))) => Ok(Vec::new()),
            Err(NetError::Proto(_)) => Err(Why::Malformed),
            Err(_) => Err(Why::Unavailable),
        }
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dns").field(&self.0.is_some()).finish()
    }
}

fn bounds(options: &mut ResolverOpts) {
    options.timeout = TRY;
    options.attempts = AGAIN;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
}

fn unset(error: &NetError) {
    tracing::warn!(%error, "no resolver: whether mail still arrives at a domain cannot be told");
}
