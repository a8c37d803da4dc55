//! Requests over TLS.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use stockroom_webhooks::RootCertStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

use crate::{ANSWER, client_with, local, names, send};

/// A receiver with a certificate for `hooks.example`: its port, and an authority that vouches for it.
async fn receiver() -> (u16, RootCertStore) {
    let name = vec!["hooks.example".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(name).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind((local(1), 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = Vec::new();
            while !request.ends_with(b"{\"a\":1}") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0);
            }
            stream.write_all(ANSWER.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (port, roots)
}

#[tokio::test]
async fn a_receiver_that_is_vouched_for_is_called() {
    let (port, roots) = receiver().await;
    let client = client_with("127.0.0.0/8", names(&[&[local(1)]]), roots);
    let answer = send(&client, &format!("https://hooks.example:{port}/")).await;
    assert_eq!(answer.unwrap().body, "ok");
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told() {
    let (port, roots) = receiver().await;
    let client = client_with("127.0.0.0/8", names(&[&[local(1)]]), roots);
    let error = send(&client, &format!("https://other.example:{port}/")).await;
    let expected = "TLS: certificate for another name";
    assert_eq!(error.unwrap_err().to_string(), expected);

    let client = client_with("127.0.0.0/8", names(&[&[local(1)]]), RootCertStore::empty());
    let error = send(&client, &format!("https://hooks.example:{port}/")).await;
    let expected = "TLS: certificate of an unknown authority";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn a_receiver_without_tls_is_told() {
    let listener = TcpListener::bind((local(1), 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        // Until the client has seen enough.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let client = client_with("127.0.0.0/8", names(&[]), RootCertStore::empty());
    let url = format!("https://127.0.0.1:{port}/");
    let error = send(&client, &url).await.unwrap_err();
    assert_eq!(error.to_string(), "TLS: the receiver doesn't speak TLS");
}
