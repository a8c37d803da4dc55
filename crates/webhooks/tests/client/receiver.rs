//! A receiver that answers as it is told, byte for byte.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What a receiver does after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It closes the connection.
    Close,
    /// It keeps the connection, and reads the next request from it.
    Keep,
    /// It keeps the connection, and does nothing more.
    Hang,
}

/// A receiver on this machine.
pub(crate) struct Receiver {
    port: u16,
    task: JoinHandle<()>,
    /// The address by which each connection came.
    called: Arc<Mutex<Vec<IpAddr>>>,
    received: tokio::sync::Mutex<mpsc::UnboundedReceiver<Vec<String>>>,
}

impl Receiver {
    /// A receiver on all addresses of this machine.
    pub(crate) async fn start(answers: Vec<(&str, Then)>) -> Self {
        Self::start_at(Ipv4Addr::UNSPECIFIED.into(), answers).await
    }

    /// A receiver with these answers, one after the other.
    pub(crate) async fn start_at(address: IpAddr, answers: Vec<(&str, Then)>) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers = answers.into_iter();
        let answers: Vec<(String, Then)> =
            answers.map(|(it, then)| (it.to_owned(), then)).collect();
        let called = Arc::default();
        let (done, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(serve(listener, answers, Arc::clone(&called), done));
        Self {
            port,
            task,
            called,
            received: received.into(),
        }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The requests of the connection that was closed next.
    pub(crate) async fn received(&self) -> Vec<String> {
        self.received.lock().await.recv().await.unwrap()
    }

    pub(crate) fn called(&self) -> Vec<IpAddr> {
        self.called.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.called().len()
    }

    /// Ends listening.
    pub(crate) async fn stop(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

async fn serve(
    listener: TcpListener,
    answers: Vec<(String, Then)>,
    called: Arc<Mutex<Vec<IpAddr>>>,
    done: mpsc::UnboundedSender<Vec<String>>,
) {
    let mut answers = answers.into_iter();
    // Connections that hang live as long as the receiver.
    let mut hanging = Vec::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let address = stream.local_addr().unwrap().ip();
        called.lock().unwrap().push(address);
        let mut requests = Vec::new();
        for (answer, then) in answers.by_ref() {
            let Some(request) = read(&mut stream).await else {
                break;
            };
            requests.push(request);
            // Whoever has read enough may close the connection.
            let _ = stream.write_all(answer.as_bytes()).await;
            match then {
                Then::Keep => {}
                Then::Close => break,
                Then::Hang => {
                    hanging.push(stream);
                    return std::future::pending().await;
                }
            }
        }
        drop(stream);
        let _ = done.send(requests);
    }
}

/// One request with its body; `None` if the connection ends before.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|it| it.strip_prefix("content-length: "));
            if body.len() >= length.unwrap_or("0").parse().unwrap() {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
