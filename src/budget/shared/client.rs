//! The connection to the store: one server, one that Sentinel names, or a cluster.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client as Server, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, TlsCertificates, TlsMode,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};

use super::super::store::{StoreSettings, Topology};

/// How long a connection may take to be there, and a command to be answered.
const PATIENCE: Duration = Duration::from_secs(1);

/// Connects when something is to be sent, and anew after anything went wrong.
pub(super) struct Client {
    target: Target,
    connection: Option<Connection>,
}

enum Target {
    Single(Box<Server>),
    Sentinel(Box<SentinelClient>),
    Cluster(Box<ClusterClient>),
}

/// A connection; commands of its clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// Why the store did not do what it was told.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not be reached, or said no.
    Store(RedisError),
    /// It took too long.
    Slow,
}

impl Client {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// If the settings can't be used: an address or a certificate that is none.
    pub(super) fn new(settings: &StoreSettings) -> Result<Self, RedisError> {
        let target = match &settings.topology {
            Topology::Single(address) => Target::Single(Box::new(single(settings, address)?)),
            Topology::Sentinel { addresses, primary } => {
                Target::Sentinel(Box::new(sentinel(settings, addresses, primary)?))
            }
            Topology::Cluster(addresses) => {
                Target::Cluster(Box::new(cluster(settings, addresses)?))
            }
        };
        Ok(Self { target, connection: None })
    }

    /// Does something at the store, in bounded time. If that fails, the next one begins with a new
    /// connection, so that a primary that has moved is found.
    pub(super) async fn with<T, F>(
        &mut self,
        act: impl FnOnce(Connection) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connecting = tokio::time::timeout(PATIENCE, self.target.connect()).await;
                connecting.map_err(|_| Failure::Slow)?.map_err(Failure::Store)?
            }
        };
        let done = tokio::time::timeout(PATIENCE, act(connection.clone())).await;
        let done = done.map_err(|_| Failure::Slow)?.map_err(Failure::Store)?;
        self.connection = Some(connection);
        Ok(done)
    }
}

impl Target {
    async fn connect(&mut self) -> Result<Connection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        Ok(match self {
            Self::Single(server) => Connection::Single(
                server.get_multiplexed_async_connection_with_config(&config).await?,
            ),
            Self::Sentinel(sentinel) => {
                let primary = sentinel.async_get_client().await?;
                Connection::Single(
                    primary.get_multiplexed_async_connection_with_config(&config).await?,
                )
            }
            Self::Cluster(cluster) => Connection::Cluster(cluster.get_async_connection().await?),
        })
    }
}

fn certificates(settings: &StoreSettings) -> Option<TlsCertificates> {
    let tls = settings.tls.as_ref()?;
    Some(TlsCertificates { client_tls: None, root_cert: tls.ca.clone() })
}

fn login(settings: &StoreSettings) -> RedisConnectionInfo {
    let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
    if let Some(username) = &settings.username {
        login = login.set_username(username);
    }
    if let Some(password) = &settings.password {
        login = login.set_password(password);
    }
    login
}

/// `host:port`, also `[::1]:6379`.
fn address(settings: &StoreSettings, text: &str) -> Result<ConnectionAddr, RedisError> {
    let split = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let Some((host, port)) = split else {
        return Err((redis::ErrorKind::InvalidClientConfig, "an address is not host:port").into());
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(if settings.tls.is_some() {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    })
}

fn info(settings: &StoreSettings, text: &str) -> Result<ConnectionInfo, RedisError> {
    Ok(address(settings, text)?.into_connection_info()?.set_redis_settings(login(settings)))
}

fn single(settings: &StoreSettings, address: &str) -> Result<Server, RedisError> {
    let info = info(settings, address)?;
    match certificates(settings) {
        Some(certificates) => Server::build_with_tls(info, certificates),
        None => Server::open(info),
    }
}

/// The sentinels are asked as the primary is: by TLS if it is, but without a login.
fn sentinel(
    settings: &StoreSettings,
    addresses: &[String],
    primary: &str,
) -> Result<SentinelClient, RedisError> {
    let addresses: Vec<_> =
        addresses.iter().map(|each| address(settings, each)).collect::<Result<_, _>>()?;
    let mut builder = SentinelClientBuilder::new(addresses, primary, SentinelServerType::Master)?;
    if let Some(username) = &settings.username {
        builder = builder.set_client_to_redis_username(username);
    }
    if let Some(password) = &settings.password {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(certificates) = certificates(settings) {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure)
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_certificates(certificates);
    }
    builder.build()
}

fn cluster(settings: &StoreSettings, addresses: &[String]) -> Result<ClusterClient, RedisError> {
    let nodes: Vec<_> =
        addresses.iter().map(|each| info(settings, each)).collect::<Result<_, _>>()?;
    let mut builder = ClusterClient::builder(nodes)
        .connection_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .retries(2);
    if let Some(username) = &settings.username {
        builder = builder.username(username);
    }
    if let Some(password) = &settings.password {
        builder = builder.password(password);
    }
    if let Some(certificates) = certificates(settings) {
        builder = builder.tls(TlsMode::Secure).certs(certificates);
    }
    builder.build()
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(
        &'a mut self,
        command: &'a redis::Cmd,
    ) -> redis::RedisFuture<'a, redis::Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a redis::Pipeline,
        offset: usize,
        count: usize,
    ) -> redis::RedisFuture<'a, Vec<redis::Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        0
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Slow => write!(f, "it did not answer within {} s", PATIENCE.as_secs()),
        }
    }
}
