//! Connections: their maximum number, and the time for which an answer may remain unread.

use std::future::{Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

/// A connection is closed if an answer makes no progress for longer than this: the client has
/// stopped reading, and the answer occupies memory. (Source: the contract of exports.)
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

/// Open files reserved for other purposes than clients: the database, metrics, the log.
const OTHER_FILES: u64 = 512;

/// Admits clients while there is room. Others are closed at once.
#[derive(Clone)]
pub(crate) struct Connections {
    free: Arc<Semaphore>,
}

impl Connections {
    /// Admits up to `connections_max` clients.
    pub(crate) fn new(connections_max: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(connections_max)),
        }
    }
}

/// The wanted number of connections, or fewer if the process may not open as many files. Raises the
/// process's limit of open files to the maximum first.
pub(crate) fn possible(wanted: u32) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let files = current.unwrap_or(u64::MAX);
    let possible = files.saturating_sub(OTHER_FILES).max(1);
    let wanted = wanted as usize;
    let possible = usize::try_from(possible).unwrap_or(usize::MAX);
    if possible < wanted {
        tracing::warn!(
            wanted,
            possible,
            files,
            "the limit of open files allows fewer connections than --connections-max"
        );
    }
    wanted.min(possible)
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<io::Result<(Connection, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.connection(stream).map(|stream| (stream, service)))
    }
}

impl Connections {
    fn connection(&self, stream: TcpStream) -> io::Result<Connection> {
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else {
            metrics::counter!("stockroom_connections_refused_total").increment(1);
            return Err(io::Error::other("there are too many connections"));
        };
        stream.set_nodelay(true)?;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        Ok(Connection {
            stream: Box::pin(stream),
            _permit: permit,
        })
    }
}

/// A client's connection.
pub(crate) struct Connection {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    _permit: OwnedSemaphorePermit,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::pause;

    use super::*;

    /// A client and the server's end of its connection.
    async fn connect(connections: &Connections) -> (TcpStream, io::Result<Connection>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let (stream, _) = accepted.unwrap();
        let connection = connections.accept(stream, ()).await;
        (client.unwrap(), connection.map(|(stream, ())| stream))
    }

    #[tokio::test]
    async fn clients_beyond_the_limit_are_closed_until_another_goes() {
        let connections = Connections::new(1);
        let (_client, first) = connect(&connections).await;
        let (mut client, second) = connect(&connections).await;
        assert!(second.is_err());
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        drop(first);
        let (mut client, third) = connect(&connections).await;
        third.unwrap().write_all(b"hello").await.unwrap();
        let mut answer = [0; 5];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hello");
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let connections = Connections::new(1);
        let (_client, connection) = connect(&connections).await;
        let mut connection = connection.unwrap();
        pause();
        let writing = async move {
            loop {
                // More bytes than the system buffers for a client that doesn't read.
                connection.write_all(&[0; 8 * 1024]).await?;
            }
        };
        let written: io::Result<()> = writing.await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
