//! Connections to addresses that were checked.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use hyper::Uri;
use hyper_util::rt::TokioIo;
use stockroom_application::webhooks::SendError;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower::Service;

use crate::networks::Networks;

/// The time after which the next address of a name is tried.
const NEXT_ADDRESS_AFTER: Duration = Duration::from_secs(3);

/// The number of addresses of one name that are tried: names aren't a way to scan a network.
const ADDRESSES_MAX: usize = 8;

/// Finds the addresses of names.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of a host.
    ///
    /// # Errors
    /// If the name can't be resolved.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The number of names that are looked up at once. Each keeps a thread busy, however long its servers take.
const LOOKUPS_MAX: usize = 32;

/// The resolver of the operating system.
#[derive(Debug, Clone)]
pub struct SystemResolver(Arc<Semaphore>);

impl Default for SystemResolver {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS_MAX)))
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let host = host.to_owned();
        let lookup = tokio::task::spawn_blocking(move || {
            let addresses = (host.as_str(), 0).to_socket_addrs();
            // The turn lasts as long as the thread, also if nobody waits for the answer any more.
            drop(turn);
            addresses
        });
        let addresses = lookup.await.map_err(io::Error::other)??;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// Makes the connections of the client. There is no other way for it to get one, and so none to an address
/// that wasn't checked.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) networks: Arc<Networks>,
    pub(crate) resolver: Arc<dyn Resolver>,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = SendError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, SendError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await.map(TokioIo::new) })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<TcpStream, SendError> {
        let host = uri.host().ok_or(SendError::InvalidUrl)?;
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let mut addresses = self.addresses(host).await?;
        let mut failure = SendError::NameNotFound;
        while let Some(address) = addresses.pop() {
            // Only addresses behind which there is another one: the last may take all the time that the
            // request has.
            let limit = if addresses.is_empty() {
                Duration::MAX
            } else {
                NEXT_ADDRESS_AFTER
            };
            let connecting = TcpStream::connect(SocketAddr::new(address, port));
            failure = match timeout(limit, connecting).await {
                Ok(Ok(stream)) => {
                    // Requests are written at once, and are waited for.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    SendError::ConnectionRefused
                }
                Ok(Err(_)) | Err(_) => SendError::NotConnected,
            };
        }
        Err(failure)
    }

    /// The addresses of a host that may be called, the one to try first last.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, SendError> {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        let found = if let Ok(address) = literal.parse() {
            vec![address]
        } else {
            let found = self.resolver.resolve(host).await;
            found.map_err(|_| SendError::NameNotFound)?
        };
        if found.is_empty() {
            return Err(SendError::NameNotFound);
        }
        let allowed = found.into_iter().filter(|it| self.networks.allow(*it));
        let mut allowed: Vec<IpAddr> = allowed.take(ADDRESSES_MAX).collect();
        if allowed.is_empty() {
            return Err(SendError::AddressNotAllowed);
        }
        allowed.reverse();
        Ok(allowed)
    }
}
